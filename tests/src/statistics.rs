//! What `--stats` has printed.

/// The numbers in the first line that begins with `name`; none if no line does.
pub fn figures(statistics: &str, name: &str) -> Vec<u64> {
    let mut lines = statistics.lines();
    let line = lines.find_map(|line| line.strip_prefix(name));
    let words = line
        .unwrap_or_default()
        .split(|c: char| !c.is_ascii_digit());
    words.filter_map(|word| word.parse().ok()).collect()
}

/// The first of them.
///
/// # Panics
/// When there is none.
pub fn figure(statistics: &str, name: &str) -> u64 {
    let first = figures(statistics, name).into_iter().next();
    first.unwrap_or_else(|| panic!("no {name} in {statistics}"))
}
