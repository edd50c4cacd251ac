//! The `podium` binary: commands, configuration, certificates, start order, shutdown.

mod agent;
mod background;
mod backup;
mod certs;
mod cli;
mod commands;
mod control;
mod control_plane;
mod demo;
mod demo_image;
mod demo_server;
mod hash;
mod host;
mod instance;
mod join;
mod kubeconfig;
mod log;
mod memory;
mod node;
mod nodes;
mod report;
mod server;
mod service;
mod stop;
mod transport;

use clap::Parser;

fn main() -> std::process::ExitCode {
    // The sandbox of a pod is the same program: it must take this way before any thread exists.
    let mut args = std::env::args_os();
    if args.nth(1).is_some_and(|a| a == "sandbox") {
        runtime::sandbox_main(std::env::args_os().skip(2));
    }
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // The store's error says it in a sentence.
        if !storage::panic_is_answer() {
            usual(panic);
        }
    }));
    let result = match cli::Cli::parse().command {
        cli::Command::Up(args) => commands::up::run(&args),
        cli::Command::Agent(args) => commands::agent::run(&args),
        cli::Command::Token(args) => commands::token::run(&args),
        cli::Command::Down(args) => commands::down::run(&args),
        cli::Command::Status(args) => commands::status::run(&args),
        cli::Command::Reset(args) => commands::reset::run(&args),
        cli::Command::Backup(args) => commands::backup::run(&args),
        cli::Command::Restore(args) => commands::restore::run(&args),
        cli::Command::Image(args) => commands::image::run(&args),
        cli::Command::Service(args) => commands::service::run(&args),
        cli::Command::DemoServer { port } => commands::small_runtime().and_then(|r| r.block_on(demo_server::run(port))),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            report::show(&format!("podium: {error:#}"));
            std::process::ExitCode::FAILURE
        }
    }
}
