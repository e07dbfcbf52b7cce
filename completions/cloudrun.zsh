#compdef cloudrun
# Completion of cloudrun for zsh. Written by `cloudrun completion install`.
_cloudrun() {
    local program=${(Q)words[1]} line name
    local -a lines described ending
    lines=("${(@f)$(${~program} __complete zsh "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    [[ ${lines[1]} == :f* && $PREFIX == --*=* ]] && compset -P '*='
    case ${lines[1]} in
        :files) _files; return ;;
        :folders) _files -/; return ;;
        '') return 1 ;;
    esac
    for line in $lines; do
        name=${line%%$'\t'*}
        described+=("${name//:/\\:}:${line#*$'\t'}")
    done
    [[ $name == *= ]] && ending=(-S '')
    _describe cloudrun described "${ending[@]}"
}
if [[ ${funcstack[1]} == _cloudrun ]]; then
    _cloudrun "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _cloudrun cloudrun
fi
