//! `aifactory search`

use super::{Context, Finish};
use crate::error::Result;
use crate::model::text::escape_line;
use crate::store::Hit;
use crate::ui::Style;
use serde_json::json;

/// Search titles, specs, plans and messages
///
/// All words must occur; the last may be the beginning of one. "Quoted words" stand together; after `--`, -word excludes.
#[derive(clap::Args)]
pub struct Args {
    /// What to look for
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// At most this many hits
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let index = snapshot.index()?;
    // A word with blanks was quoted in the shell.
    let quoted = |word: &String| {
        if word.contains(' ') { format!("\"{word}\"") } else { word.clone() }
    };
    let words = args.words.iter().map(quoted).collect::<Vec<_>>().join(" ");
    let hits = index.search(&words, args.limit)?;
    if context.ui.manner.json {
        let hits: Vec<_> = hits
            .iter()
            .map(|hit| json!({ "id": hit.task, "kind": hit.kind, "excerpt": hit.excerpt.replace(['\u{1}', '\u{2}'], "") }))
            .collect();
        context.ui.answer_json(&json!({ "schema": "aifactory.search/1", "hits": hits }))?;
        return Ok(Finish::Well);
    }
    for hit in &hits {
        let title = hit.task.as_ref().and_then(|id| snapshot.find_task(id).ok().flatten()).map(|task| task.title);
        let short = hit.task.as_ref().map(|id| context.ui.id(id, &index.short(id))).unwrap_or_default();
        write_hit(context, &short, &title.unwrap_or_default(), hit)?;
    }
    if hits.is_empty() {
        context.ui.note("nothing found");
    }
    Ok(Finish::Well)
}

fn write_hit(context: &Context, short: &str, title: &str, hit: &Hit) -> Result<()> {
    let ui = &context.ui;
    let head = format!("{}  {}", ui.paint(Style::Id, short), escape_line(title));
    if hit.kind == "title" {
        return ui.answer_line(&head);
    }
    let excerpt = marked(context, &hit.excerpt);
    ui.answer_line(&format!("{head}  {} {excerpt}", ui.paint(Style::Dim, &format!("{}:", hit.kind))))
}

/// The excerpt with what matched emphasised.
fn marked(context: &Context, excerpt: &str) -> String {
    let mut text = String::new();
    for (number, piece) in excerpt.split(['\u{1}', '\u{2}']).enumerate() {
        let style = if number % 2 == 1 { Style::Strong } else { Style::Plain };
        text.push_str(&context.ui.paint(style, &escape_line(piece)));
    }
    text
}
