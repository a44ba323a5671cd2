//! The same program under the name by which git finds it: `git aifactory list`.

fn main() -> std::process::ExitCode {
    aifactory::commands::main()
}
