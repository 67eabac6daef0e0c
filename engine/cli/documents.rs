//! `portprint completions` and `portprint man`: made from the declarations of the arguments.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Arguments;
use crate::exit::{Ending, Failure};
use crate::output;

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  portprint completions bash > /etc/bash_completion.d/portprint
  portprint completions zsh > ~/.zfunc/_portprint
  portprint completions fish > ~/.config/fish/completions/portprint.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Print a manual page.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  portprint man | man -l -
  portprint man db explain | man -l -
  portprint man --output-dir /usr/share/man/man1")]
pub(crate) struct ManArgs {
    /// The command whose page is wanted, e.g. `db explain`; none: the page of portprint itself
    command: Vec<String>,

    /// Write the pages of all commands into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    output_dir: Option<PathBuf>,
}

/// `portprint completions`
pub(crate) fn completions(arguments: &CompletionsArgs) -> Result<Ending, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "portprint", &mut script);
    print(&script)
}

/// `portprint man`
pub(crate) fn man(arguments: &ManArgs) -> Result<Ending, Failure> {
    let mut root = Arguments::command();
    root.build();
    if let Some(directory) = &arguments.output_dir {
        std::fs::create_dir_all(directory).map_err(|error| Failure::file(directory.display(), error))?;
        clap_mangen::generate_to(root, directory).map_err(|error| Failure::file(directory.display(), error))?;
        return Ok(Ending::Done);
    }
    let mut command = &root;
    for name in &arguments.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            Failure::usage(format!("there is no command {}", crate::escape::quote(&arguments.command.join(" "))))
        })?;
    }
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page).map_err(Failure::output)?;
    print(&page)
}

fn print(bytes: &[u8]) -> Result<Ending, Failure> {
    let mut out = output::plain();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::output)?;
    Ok(Ending::Done)
}
