//! A workflow as a person reads it: one line for each phase, and loops as lines beside them.

use super::definition::{Condition, Phase, Work, Workflow};
use crate::model::text::{count, escape_line};

/// The phases of a workflow, one per line, each line ended.
pub fn draw(workflow: &Workflow) -> String {
    let loops = loops_of(workflow);
    let conditions: Vec<String> = workflow.phases.iter().map(condition_in_words).collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let name_width = widest(&mut workflow.phases.iter().map(|phase| phase.name.chars().count()));
    let condition_width = widest(&mut conditions.iter().map(|condition| condition.chars().count()));
    let mut drawn = String::new();
    for (number, (phase, condition)) in workflow.phases.iter().zip(&conditions).enumerate() {
        let mut line = format!("{}{:>2}  {:<name_width$}  ", gutter(number, &loops), number + 1, phase.name);
        if condition_width > 0 {
            line.push_str(&format!("{condition:<condition_width$}  "));
        }
        line.push_str(&in_words(workflow, phase));
        drawn.push_str(line.trim_end());
        drawn.push('\n');
    }
    drawn
}

fn condition_in_words(phase: &Phase) -> String {
    let word = phase.condition.as_ref().map(Condition::word);
    word.map(|word| format!("if {}", escape_line(word))).unwrap_or_default()
}

/// What is done in a phase, with what, and where it goes from there.
fn in_words(workflow: &Workflow, phase: &Phase) -> String {
    let mut words = match &phase.work {
        Work::Role(role) => format!("role {}", escape_line(role)),
        Work::Gates(None) => "all gates of plan and project".to_owned(),
        Work::Gates(Some(gates)) => {
            let gates: Vec<String> = gates.iter().map(|gate| format!("`{}`", escape_line(gate))).collect();
            format!("gates {}", gates.join(", "))
        }
        Work::Approval => "a person's yes to spec and plan".to_owned(),
    };
    if let Some(agent) = &phase.agent {
        words.push_str(&format!(" by {}", escape_line(agent)));
    }
    if phase.prompt.is_some() {
        words.push_str(", with a prompt of its own");
    }
    if !phase.input.is_empty() {
        words.push_str(&format!(", given {}", escape_line(&phase.input.join(", "))));
    }
    if phase.output != phase.name {
        words.push_str(&format!(", leaves {}", escape_line(&phase.output)));
    }
    if let Some(target) = phase.loop_to.and_then(|target| workflow.phases.get(target)) {
        let most = count(phase.max_iterations as usize, "time");
        words.push_str(&format!("; then back to {}, at most {most}", target.name));
    }
    words
}

/// From where to where, the widest first: it is drawn outermost.
fn loops_of(workflow: &Workflow) -> Vec<(usize, usize)> {
    let phases = workflow.phases.iter().enumerate();
    let mut loops: Vec<(usize, usize)> = phases.filter_map(|(from, phase)| Some((from, phase.loop_to?))).collect();
    loops.sort_by_key(|(from, to)| std::cmp::Reverse(from - to));
    loops
}

/// What stands before a line: a column for each loop.
fn gutter(number: usize, loops: &[(usize, usize)]) -> String {
    if loops.is_empty() {
        return String::new();
    }
    let mut line = String::new();
    let (mut arrives, mut leaves) = (false, false);
    for (from, to) in loops {
        let crosses = arrives || leaves;
        arrives |= number == *to;
        leaves |= number == *from;
        let inside = (*to..=*from).contains(&number);
        line.push(match (inside, number == *to, number == *from) {
            (false, ..) if crosses => '─',
            (false, ..) => ' ',
            (_, true, _) if crosses => '┬',
            (_, true, _) => '╭',
            (_, _, true) if crosses => '┴',
            (_, _, true) => '╰',
            _ if crosses => '┼',
            _ => '│',
        });
    }
    line.push(match (arrives, leaves) {
        (true, _) => '>',
        (_, true) => '─',
        _ => ' ',
    });
    line.push(' ');
    line
}

#[cfg(test)]
mod tests {
    use super::super::Library;
    use super::*;

    #[test]
    fn loops_stand_beside_the_phases_that_they_go_over() {
        let drawn = draw(&Library::built_in().workflow("code-review").unwrap());
        let expected = "    1  approval                 a person's yes to spec and plan
    2  code                     role coder
╭>  3  review                   role reviewer
╰─  4  fix       if has_issues  role coder-revision, given review; then back to review, at most 3 times
    5  verify                   all gates of plan and project
";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn loops_that_share_and_cross_lines_can_be_told_apart() {
        let loops = [(4, 0), (3, 0), (3, 2)];
        let drawn: Vec<String> = (0..5).map(|number| gutter(number, &loops)).collect();
        assert_eq!(drawn, ["╭┬─> ", "││   ", "││╭> ", "│╰┴─ ", "╰─── "]);
    }

    #[test]
    fn what_a_file_says_stays_on_its_line() {
        let text = "[[phases]]\ngates = [\"a\\nb\"]\noutput = \"x\\u001b\"\n";
        let drawn = draw(&Workflow::parse("x", text, "built in").unwrap());
        assert_eq!(drawn, " 1  verify  gates `a\\nb`, leaves x\\u{1b}\n");
    }
}
