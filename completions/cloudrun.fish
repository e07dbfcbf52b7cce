# Completion of cloudrun for fish. Written by `cloudrun completion install`.
function __cloudrun_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (command $words[1] __complete fish $words[2..-1] $current 2>/dev/null)
    switch "$lines[1]"
        case :files
            __fish_complete_path $current
        case :folders
            __fish_complete_directories $current ''
        case '*'
            printf '%s\n' $lines
    end
end
complete -c cloudrun -f -a '(__cloudrun_complete)'
