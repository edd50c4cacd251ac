//! The smallest program that can be a sandbox; for this room's tests. The real one is `podium`.
//!
//! A copy whose name ends like `-1.0` or `-2.0` speaks that version of the protocol.

fn main() {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    if arguments.next().is_some_and(|first| first == runtime::ARGUMENT) {
        let name = name.to_string_lossy();
        match name.rsplit_once('-').and_then(|(_, version)| version.parse().ok()) {
            Some(version) => runtime::sandbox_of_version(arguments, version),
            None => runtime::sandbox_main(arguments),
        }
    }
    std::process::exit(2);
}
