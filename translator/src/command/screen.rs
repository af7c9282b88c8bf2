//! The screen that `ouroc build` ends with.

use std::time::Duration;

use crate::pipeline::StageTime;

/// What the screen tells of a program.
#[derive(Clone, Default, Debug)]
pub(super) struct Figures {
    /// The executable as the user can find it.
    pub(super) executable: String,
    /// Its size in bytes.
    pub(super) file_size: usize,
    pub(super) packages: usize,
    pub(super) classes: usize,
    /// Methods in the source.
    pub(super) methods: usize,
    /// Functions of machine code.
    pub(super) functions: usize,
    /// Results of earlier runs that were taken over, and those that were asked for, if there is a cache.
    pub(super) from_cache: Option<(usize, usize)>,
    /// Lines without blanks and comments.
    pub(super) code_lines: usize,
    /// Bytes of machine code.
    pub(super) code_size: usize,
    pub(super) warnings: usize,
    pub(super) raw_conversions: usize,
    pub(super) raw_operations: usize,
    pub(super) hazard_exemptions: usize,
    pub(super) inline_overrides: usize,
    /// Bytes, and the calls that lead there.
    pub(super) deepest_stack: Option<(u64, Vec<String>)>,
}

/// Calls of the deepest path that are named.
const SHOWN_CALLS: usize = 4;

/// The screen's text.
pub(super) fn screen(figures: &Figures, stages: &[StageTime]) -> String {
    let total = elapsed(stages);
    let heading = format!(
        "{}  {} bytes, in {}",
        figures.executable,
        grouped(figures.file_size),
        milliseconds(total)
    );
    let mut lines = vec![heading, String::new()];
    for row in stages.chunks(6) {
        let cells: Vec<_> = row
            .iter()
            .map(|stage| format!("{:<9} {:>8}", stage.name, milliseconds(stage.time)))
            .collect();
        lines.push(format!("  {}", cells.join("   ")));
    }
    lines.push(String::new());
    lines.extend(
        rows(figures, total)
            .into_iter()
            .map(|(name, value)| format!("  {name:<18} {value}")),
    );
    lines.join("\n") + "\n"
}

/// From the begin of the first stage to the end of the last one.
fn elapsed(stages: &[StageTime]) -> Duration {
    let begin = stages.iter().map(|stage| stage.begin).min();
    let end = stages.iter().map(|stage| stage.begin + stage.time).max();
    begin
        .zip(end)
        .map_or(Duration::ZERO, |(begin, end)| end.duration_since(begin))
}

fn rows(figures: &Figures, total: Duration) -> Vec<(&'static str, String)> {
    #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
    let rate = figures.code_lines as f64 / total.as_secs_f64().max(1e-6);
    let mut rows = vec![
        ("packages", figures.packages.to_string()),
        ("classes", figures.classes.to_string()),
        (
            "methods",
            format!(
                "{}, {} functions compiled",
                grouped(figures.methods),
                grouped(figures.functions)
            ),
        ),
        (
            "code lines",
            format!("{}, {rate:.0} per second", grouped(figures.code_lines)),
        ),
        (
            "machine code",
            format!("{} bytes", grouped(figures.code_size)),
        ),
        ("warnings", figures.warnings.to_string()),
        (
            "raw code",
            format!(
                "{} conversions, {} operations on addresses",
                figures.raw_conversions, figures.raw_operations
            ),
        ),
        ("hazard exemptions", figures.hazard_exemptions.to_string()),
        ("inline overrides", figures.inline_overrides.to_string()),
    ];
    if let Some((found, asked)) = figures.from_cache {
        let counts = format!("{} of {} results", grouped(found), grouped(asked));
        rows.push(("from the cache", counts));
    }
    if let Some((bytes, path)) = &figures.deepest_stack {
        let bytes = usize::try_from(*bytes).unwrap_or(usize::MAX);
        rows.push((
            "deepest stack",
            format!("{} bytes: {}", grouped(bytes), shortened(path)),
        ));
    }
    rows
}

/// The first and the last calls of a path.
fn shortened(path: &[String]) -> String {
    if path.len() <= SHOWN_CALLS {
        return path.join(" → ");
    }
    let (first, last) = (&path[..1], &path[path.len() + 1 - SHOWN_CALLS..]);
    format!("{} → … → {}", first.join(" → "), last.join(" → "))
}

pub(super) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// `1,234,567`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(String::from_utf8_lossy)
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn large_numbers_are_grouped_by_thousands() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(1000), grouped(12_345_678)],
            ["0", "999", "1,000", "12,345,678"]
        );
    }

    #[test]
    fn the_screen_has_every_stage_and_fits_24_lines() {
        let names = [
            "parse", "resolve", "infer", "lower", "hazard", "optimise", "code", "link",
        ];
        let (start, time) = (Instant::now(), Duration::from_micros(1500));
        // The fifth and the sixth stage run beside each other.
        let begins = [0, 1, 2, 3, 4, 4, 6, 7].map(|number| start + time * number);
        let stages: Vec<_> = names
            .iter()
            .zip(begins)
            .map(|(name, begin)| StageTime { name, begin, time })
            .collect();
        let path = (0..9).map(|n| format!("A>>m{n}")).collect();
        let figures = Figures {
            code_lines: 12_000,
            deepest_stack: Some((4096, path)),
            from_cache: Some((2600, 2700)),
            ..Figures::default()
        };
        let text = screen(&figures, &stages);
        assert!(names.iter().all(|name| text.contains(name)), "{text}");
        assert!(text.contains("1000000 per second"), "{text}");
        assert!(text.contains("A>>m0 → … → A>>m6 → A>>m7 → A>>m8"), "{text}");
        assert!(text.contains("2,600 of 2,700 results"), "{text}");
        assert!(text.lines().count() <= 24, "{text}");
    }
}
