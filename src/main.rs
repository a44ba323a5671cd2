//! The `aifactory` program.

fn main() -> std::process::ExitCode {
    aifactory::commands::main()
}
