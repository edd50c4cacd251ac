//! The smallest program that can be a sandbox; for this room's tests. The real one is `podium`.

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == runtime::ARGUMENT) {
        runtime::sandbox_main(arguments);
    }
    std::process::exit(2);
}
