//! The difference of two lists of lines.
//!
//! Source: Myers, "An O(ND) Difference Algorithm and Its Variations", 1986, section 2.

/// A line of the difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change<T> {
    /// In both.
    Same(T),
    /// Only in the old list.
    Removed(T),
    /// Only in the new list.
    Added(T),
}

/// With more differences than this, everything is taken as different: nobody reads it line by line.
const MOST_DIFFERENCES: usize = 2000;

/// How `old` becomes `new`, with as few removals and additions as can be.
#[must_use]
pub fn diff<'a, T: PartialEq>(old: &'a [T], new: &'a [T]) -> Vec<Change<&'a T>> {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old_middle, old_end) = old_rest.split_at(old_rest.len() - suffix);
    let new_middle = &new_rest[..new_rest.len() - suffix];
    let mut changes: Vec<_> = old[..prefix].iter().map(Change::Same).collect();
    changes.extend(shortest(old_middle, new_middle));
    changes.extend(old_end.iter().map(Change::Same));
    changes
}

/// The shortest script by furthest reaching paths; the paths of each step are kept to walk back.
fn shortest<'a, T: PartialEq>(old: &'a [T], new: &'a [T]) -> Vec<Change<&'a T>> {
    let limit = (old.len() + new.len()).min(MOST_DIFFERENCES);
    let offset = limit + 1;
    // By diagonal (old index minus new index, plus the offset): the furthest old index reached.
    let mut furthest = vec![0usize; 2 * offset + 1];
    let mut history = Vec::new();
    for step in 0..=limit {
        history.push(furthest.clone());
        for diagonal in (offset - step..=offset + step).step_by(2) {
            let down = diagonal == offset - step
                || diagonal != offset + step && furthest[diagonal - 1] < furthest[diagonal + 1];
            let mut x = if down {
                furthest[diagonal + 1]
            } else {
                furthest[diagonal - 1] + 1
            };
            let Some(mut y) = (x + offset).checked_sub(diagonal) else {
                continue;
            };
            while x < old.len() && y < new.len() && old[x] == new[y] {
                (x, y) = (x + 1, y + 1);
            }
            furthest[diagonal] = x;
            if x >= old.len() && y >= new.len() {
                return walk_back(old, new, &history, offset);
            }
        }
    }
    old.iter()
        .map(Change::Removed)
        .chain(new.iter().map(Change::Added))
        .collect()
}

fn walk_back<'a, T>(
    old: &'a [T],
    new: &'a [T],
    history: &[Vec<usize>],
    offset: usize,
) -> Vec<Change<&'a T>> {
    let mut changes = Vec::new();
    let (mut x, mut y) = (old.len(), new.len());
    for (step, furthest) in history.iter().enumerate().rev() {
        let diagonal = x + offset - y;
        let down = diagonal == offset - step
            || diagonal != offset + step && furthest[diagonal - 1] < furthest[diagonal + 1];
        let previous = if down { diagonal + 1 } else { diagonal - 1 };
        let (start_x, start_y) = match step {
            0 => (0, 0),
            _ => (
                furthest[previous],
                (furthest[previous] + offset).saturating_sub(previous),
            ),
        };
        while x > start_x && y > start_y {
            (x, y) = (x - 1, y - 1);
            changes.push(Change::Same(&old[x]));
        }
        if step > 0 {
            if down {
                y -= 1;
                changes.push(Change::Added(&new[y]));
            } else {
                x -= 1;
                changes.push(Change::Removed(&old[x]));
            }
        }
    }
    changes.reverse();
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both lists as the script has them, and its number of differences.
    fn replay(changes: &[Change<&u8>]) -> (Vec<u8>, Vec<u8>, usize) {
        let (mut old, mut new, mut differences) = (Vec::new(), Vec::new(), 0);
        for change in changes {
            match change {
                Change::Same(line) => {
                    old.push(**line);
                    new.push(**line);
                }
                Change::Removed(line) => {
                    old.push(**line);
                    differences += 1;
                }
                Change::Added(line) => {
                    new.push(**line);
                    differences += 1;
                }
            }
        }
        (old, new, differences)
    }

    /// Length of the longest common subsequence, the slow way.
    fn common(old: &[u8], new: &[u8]) -> usize {
        let mut row = vec![0; new.len() + 1];
        for a in old {
            let mut diagonal = 0;
            for (j, b) in new.iter().enumerate() {
                let next = if a == b {
                    diagonal + 1
                } else {
                    row[j].max(row[j + 1])
                };
                diagonal = std::mem::replace(&mut row[j + 1], next);
            }
        }
        row[new.len()]
    }

    proptest! {
        #[test]
        fn scripts_lead_from_old_to_new_with_the_fewest_changes(
            old in proptest::collection::vec(0u8..4, 0..30), new in proptest::collection::vec(0u8..4, 0..30))
        {
            let (replayed_old, replayed_new, differences) = replay(&diff(&old, &new));
            prop_assert_eq!(&replayed_old, &old);
            prop_assert_eq!(&replayed_new, &new);
            prop_assert_eq!(differences, old.len() + new.len() - 2 * common(&old, &new));
        }
    }
}
