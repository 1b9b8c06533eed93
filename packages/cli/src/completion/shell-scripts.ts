/** Scripts that teach a shell to complete `sluice`. They ask the program itself, so they need not be made anew with each version. */

export const shells = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof shells)[number];

const bash = `# Completion of sluice for bash. In ~/.bashrc: source <(sluice generate completion bash)
_sluice() {
  local line value files=0
  local IFS=$'\\n'
  COMPREPLY=()
  for line in $(sluice __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
    if [[ $line == ":files" ]]; then files=1; continue; fi
    value="\${line%%$'\\t'*}"
    COMPREPLY+=("$value")
  done
  if [[ $files == 1 ]]; then
    compopt -o default 2>/dev/null
  elif [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _sluice sluice
`;

const zsh = `#compdef sluice
# Completion of sluice for zsh. In ~/.zshrc, after compinit: source <(sluice generate completion zsh)
_sluice() {
  local line value
  local -a candidates
  for line in "\${(@f)$(sluice __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == ":files" ]]; then _files; return; fi
    value="\${line%%$'\\t'*}"
    candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe 'sluice' candidates
}
compdef _sluice sluice
`;

const fish = `# Completion of sluice for fish: sluice generate completion fish > ~/.config/fish/completions/sluice.fish
function __sluice_complete
  set -l words (commandline -opc)[2..-1] (commandline -ct)
  for line in (sluice __complete -- $words 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c sluice -f -a '(__sluice_complete)'
`;

const powershell = `# Completion of sluice for PowerShell. In $PROFILE: sluice generate completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName sluice -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  sluice __complete -- @words 2>$null | Where-Object { $_ -ne ':files' } | ForEach-Object {
    $value, $text = $_ -split "\`t", 2
    if (-not $text) { $text = $value }
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $text)
  }
}
`;

/** The script of a shell. */
export const shellScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };
