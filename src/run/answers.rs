//! Reading products out of what agents say: what is asked for comes last, and prose around it is tolerated.

use crate::model::plan::fence::Fence;

/// The plan that an agent wrote: from its first step heading on, out of a fence where it stands in one.
pub fn plan_in(pieces: &[String]) -> Option<String> {
    text_in(pieces, |line| line.strip_prefix("### ").is_some_and(is_step))
}

/// The spec that an agent wrote: from its overview on.
pub fn spec_in(pieces: &[String]) -> Option<String> {
    text_in(pieces, |line| {
        let heading = line.trim_start_matches('#');
        line.len() > heading.len() && heading.trim().eq_ignore_ascii_case("overview")
    })
}

fn is_step(heading: &str) -> bool {
    let id: String = heading.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let rest = heading[id.len()..].trim_start();
    id.starts_with(|c: char| c.is_ascii_uppercase()) && id.chars().any(|c| c.is_ascii_digit()) && rest.starts_with(':')
}

/// The last piece that has a line which begins the text, from there to its end, or to the end of the fence around it.
fn text_in(pieces: &[String], begins: impl Fn(&str) -> bool) -> Option<String> {
    pieces.iter().rev().find_map(|piece| {
        let lines: Vec<&str> = piece.lines().collect();
        let first = lines.iter().position(|line| begins(line))?;
        let fence = open_fence(&lines[..first]);
        let end = fence.and_then(|fence| (first..lines.len()).rev().find(|at| fence.is_closed_by(lines[*at])));
        let text = lines[first..end.unwrap_or(lines.len())].join("\n");
        Some(format!("{}\n", text.trim_end()))
    })
}

/// The fence that is open after these lines.
fn open_fence<'l>(lines: &[&'l str]) -> Option<Fence<'l>> {
    lines.iter().fold(None, |open: Option<Fence<'l>>, line| match open {
        Some(fence) if fence.is_closed_by(line) => None,
        Some(fence) => Some(fence),
        None => Fence::open(line),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_plan_is_found_with_and_without_a_fence_and_prose_around_it() {
        let plan = "### S1: Greet\n- gate: `sh t.sh`\n\n```sh run\necho hi\n```\n";
        let bare = plan.to_owned();
        let fenced = format!("Here is the plan:\n\n````markdown\n{plan}````\nTell me if it suits you.");
        let same_fence = format!("```markdown\n{plan}```\n");
        for said in [bare, fenced, same_fence, format!("I looked around.\n\n{plan}")] {
            assert_eq!(plan_in(&pieces(&[&said])).as_deref(), Some(plan), "{said}");
        }
        assert_eq!(plan_in(&pieces(&[plan, "Done."])).as_deref(), Some(plan));
        assert_eq!(plan_in(&pieces(&["### Some thoughts\nno steps"])), None);
        let second = "### S1: Better\n";
        assert_eq!(plan_in(&pieces(&[plan, second])).as_deref(), Some(second));
    }

    #[test]
    fn a_spec_begins_with_its_overview() {
        let spec = "## Overview\nGreets.\n\n## Scope\n- all\n";
        assert_eq!(spec_in(&pieces(&[&format!("Sure!\n{spec}")])).as_deref(), Some(spec));
        assert_eq!(spec_in(&pieces(&["an overview of things"])), None);
    }
}
