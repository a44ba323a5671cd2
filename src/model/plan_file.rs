//! Spec and plan in one file, as people review it on a branch and hand it on.
//!
//! A comment at the top names the task and the commit that the plan was made for. Two lines, each ending in a comment of
//! ours, begin the parts; what stands between them comes back exactly as it was put in. A line of a part that looks like
//! one of ours gets a backslash, which is taken off again. Files come from outside: any text is read in linear time.

use super::TaskId;
use super::text::escape_line;

const HEADER: &str = "<!-- aifactory plan";
const HEADER_END: &str = "-->";
const SPEC: &str = "<!-- aifactory: spec -->";
const PLAN: &str = "<!-- aifactory: plan -->";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanFile {
    pub task: Option<TaskId>,
    pub title: String,
    /// The target's commit that the plan was made for, in hexadecimal digits.
    pub base: Option<String>,
    pub spec: String,
    pub plan: String,
}

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPlanFile {
    pub file: PlanFile,
    /// How many lines of the file come before the plan's first.
    pub lines_before_plan: usize,
}

/// Why a text is no such file. Lines and columns are 1-based.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// Puts the parts together. What [`parse_plan_file`] reads from it is the same, but for a missing end of a last line.
pub fn write_plan_file(file: &PlanFile) -> String {
    let task = file.task.as_ref().map(|id| format!("task: {id}\n")).unwrap_or_default();
    let base = file.base.as_deref().map(|base| format!("base: {base}\n")).unwrap_or_default();
    let title = escape_line(&file.title).replace(HEADER_END, "→");
    let (spec, plan) = (guarded(&file.spec), guarded(&file.plan));
    format!("{HEADER}\n{task}title: {title}\n{base}{HEADER_END}\n\n# Spec {SPEC}\n\n{spec}\n# Plan {PLAN}\n\n{plan}")
}

/// The text with its last line ended and the lines that look like ours marked.
fn guarded(text: &str) -> String {
    let mut guarded = String::with_capacity(text.len() + 1);
    for line in text.split_inclusive('\n') {
        if part_of(line).is_some() {
            guarded.push('\\');
        }
        guarded.push_str(line);
    }
    if !guarded.is_empty() && !guarded.ends_with('\n') {
        guarded.push('\n');
    }
    guarded
}

fn unguarded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        plain.push_str(line.strip_prefix('\\').filter(|_| part_of(line).is_some()).unwrap_or(line));
    }
    if !plain.is_empty() && !plain.ends_with('\n') {
        plain.push('\n');
    }
    plain
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Spec,
    Plan,
}

/// The part that a line begins, or would begin without its backslash.
fn part_of(line: &str) -> Option<Part> {
    let line = line.trim_end();
    match (line.ends_with(SPEC), line.ends_with(PLAN)) {
        (true, _) => Some(Part::Spec),
        (_, true) => Some(Part::Plan),
        _ => None,
    }
}

/// Reads a file. The plan in it is not looked at.
pub fn parse_plan_file(text: &str) -> Result<ReadPlanFile, Misread> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let marks = marks(text)?;
    let missing = |what: &str, heading: &str| Misread {
        line: text.lines().count().max(1),
        column: 1,
        message: format!("no line begins the {what}: one must read `{heading}`"),
    };
    let spec = marks.spec.ok_or_else(|| missing("spec", &format!("# Spec {SPEC}")))?;
    let plan = marks.plan.ok_or_else(|| missing("plan", &format!("# Plan {PLAN}")))?;
    if plan.line < spec.line {
        let message = "the plan stands before the spec".to_owned();
        return Err(Misread { line: plan.line, column: 1, message });
    }
    let (spec_text, _) = without_first_blank(&text[spec.end..plan.start]);
    let (plan_text, skipped) = without_first_blank(&text[plan.end..]);
    let mut file =
        PlanFile { spec: unguarded(without_last_blank(spec_text)), plan: unguarded(plan_text), ..PlanFile::default() };
    read_header(&text[..spec.start], &mut file);
    Ok(ReadPlanFile { file, lines_before_plan: plan.line + skipped })
}

/// A line that begins a part.
#[derive(Clone, Copy)]
struct Mark {
    line: usize,
    start: usize,
    end: usize,
}

#[derive(Default)]
struct Marks {
    spec: Option<Mark>,
    plan: Option<Mark>,
}

fn marks(text: &str) -> Result<Marks, Misread> {
    let mut marks = Marks::default();
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mark = Mark { line: index + 1, start, end: start + line.len() };
        start = mark.end;
        let place = match part_of(line).filter(|_| !line.starts_with('\\')) {
            None => continue,
            Some(Part::Spec) => &mut marks.spec,
            Some(Part::Plan) => &mut marks.plan,
        };
        if let Some(first) = place.replace(mark) {
            let message = format!("this line is there twice; the first is line {}", first.line);
            return Err(Misread { line: mark.line, column: 1, message });
        }
    }
    Ok(marks)
}

/// The rest, and how many lines were left out.
fn without_first_blank(text: &str) -> (&str, usize) {
    match text.split_once('\n') {
        Some((first, rest)) if first.trim().is_empty() => (rest, 1),
        _ => (text, 0),
    }
}

fn without_last_blank(text: &str) -> &str {
    let Some(ended) = text.strip_suffix('\n') else { return text };
    let last = ended.rfind('\n').map_or(0, |at| at + 1);
    match ended[last..].trim().is_empty() {
        true => &text[..last],
        false => text,
    }
}

fn read_header(text: &str, file: &mut PlanFile) {
    let mut lines = text.lines().skip_while(|line| line.trim().is_empty());
    if lines.next().is_none_or(|line| line.trim() != HEADER) {
        return;
    }
    for line in lines.take_while(|line| line.trim() != HEADER_END) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key.trim() {
            "task" => file.task = TaskId::parse(value),
            "title" => file.title = value.to_owned(),
            "base" => file.base = Some(value.to_owned()).filter(|base| !base.is_empty()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(spec: &str, plan: &str) -> PlanFile {
        PlanFile {
            task: TaskId::parse("7kq2mabcde"),
            title: "Greet".to_owned(),
            base: Some("0123456789".to_owned()),
            spec: spec.to_owned(),
            plan: plan.to_owned(),
        }
    }

    #[test]
    fn a_file_looks_like_this() {
        let expected = "\
<!-- aifactory plan
task: 7kq2mabcde
title: Greet
base: 0123456789
-->

# Spec <!-- aifactory: spec -->

Say hello.

# Plan <!-- aifactory: plan -->

### S1: Greet
";
        let file = file("Say hello.\n", "### S1: Greet\n");
        assert_eq!(write_plan_file(&file), expected);
        assert_eq!(parse_plan_file(expected), Ok(ReadPlanFile { file, lines_before_plan: 12 }));
    }

    #[test]
    fn line_ends_and_blank_lines_of_other_programs_change_nothing_around_the_parts() {
        let text = write_plan_file(&file("a\n", "b\n")).replace('\n', "\r\n");
        let read = parse_plan_file(&text).unwrap().file;
        assert_eq!((read.spec.as_str(), read.plan.as_str()), ("a\r\n", "b\r\n"));
        let text = write_plan_file(&file("a\n", "b\n")).replace("\n\n", "\n");
        assert_eq!(parse_plan_file(&text).unwrap().file, file("a\n", "b\n"));
        let text = write_plan_file(&file("a\n", "b\n"));
        assert_eq!(parse_plan_file(text.trim_end()).unwrap().file, file("a\n", "b\n"));
    }

    #[test]
    fn what_is_missing_or_there_twice_is_named_with_its_line() {
        let text = write_plan_file(&file("a\n", "b\n"));
        let at = |text: &str| parse_plan_file(text).map_err(|wrong| (wrong.line, wrong.message)).unwrap_err();
        assert_eq!(at("# A plan\n").0, 1);
        assert_eq!(
            at(&text.replace(PLAN, "")),
            (13, "no line begins the plan: one must read `# Plan <!-- aifactory: plan -->`".to_owned())
        );
        assert_eq!(at(&format!("{text}# Plan {PLAN}\n")).1, "this line is there twice; the first is line 11");
        assert_eq!(at(&format!("{PLAN}\n{SPEC}\n")).1, "the plan stands before the spec");
        assert_eq!(at("").0, 1);
    }

    #[test]
    fn a_title_does_not_end_the_header() {
        let named = PlanFile { title: "a --> b".to_owned(), ..file("a\n", "b\n") };
        assert_eq!(parse_plan_file(&write_plan_file(&named)).unwrap().file.title, "a → b");
    }

    proptest::proptest! {
        #[test]
        fn every_text_comes_back(
            spec in proptest::collection::vec(proptest::sample::select(vec!["", "a", "\\a", SPEC, PLAN, "\\# x <!-- aifactory: plan -->", "-->", "<!-- aifactory plan"]), 0..6),
            plan in proptest::collection::vec(proptest::sample::select(vec!["", "### S1: b", SPEC, PLAN, "\\\\<!-- aifactory: spec -->", " "]), 0..6),
        ) {
            let text = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let file = file(&text(&spec), &text(&plan));
            let read = parse_plan_file(&write_plan_file(&file)).unwrap();
            proptest::prop_assert_eq!(&read.file, &file);
            let whole = write_plan_file(&file);
            let before: String = whole.split_inclusive('\n').skip(read.lines_before_plan).collect();
            proptest::prop_assert_eq!(before, guarded(&file.plan));
        }
    }
}
