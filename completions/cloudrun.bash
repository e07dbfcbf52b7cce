# Completion of cloudrun for bash. Written by `cloudrun completion install`.
_cloudrun() {
    local word=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} line
    local -a lines
    COMPREPLY=()
    [[ -n ${BASH_ALIASES[$program]-} ]] && program=cloudrun
    mapfile -t lines < <("$program" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ $word == "=" ]] && word=""
    case ${lines[0]-} in
        :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        :folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    esac
    for line in "${lines[@]}"; do
        COMPREPLY+=("${line%%$'\t'*}")
    done
    if [[ ${COMPREPLY[0]-} == *= ]]; then compopt -o nospace; fi
}
complete -F _cloudrun cloudrun
if [[ ${BASH_ALIASES[gcloud]-} == *cloudrun* ]]; then complete -F _cloudrun gcloud; fi
