/** `sluice generate completion`: the script that teaches a shell to complete `sluice`, with the names of topics and groups. */

import { Argument, type Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type Shell, shellScripts, shells } from "../../completion/shell-scripts.js";

export function configure(command: Command, context: CommandContext): void {
  command
    .addArgument(new Argument("<shell>").choices(shells))
    .addHelpText(
      "after",
      `
  bash         source <(sluice generate completion bash), in ~/.bashrc
  zsh          source <(sluice generate completion zsh), in ~/.zshrc after compinit
  fish         sluice generate completion fish > ~/.config/fish/completions/sluice.fish
  powershell   sluice generate completion powershell | Out-String | Invoke-Expression, in $PROFILE`,
    )
    .action(async (shell: Shell) => {
      await context.stdout.write(shellScripts[shell]);
    });
}
