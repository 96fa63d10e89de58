//! A place in a filter, pointed at. Pure.

/// The most characters of a line that are shown.
const WINDOW: usize = 100;

/// Two lines for a terminal: the line of `filter` in which the place begins (a window of it, if it is long), and carets
/// below it. `place` is in characters from 0: the first, and the one after the last; beyond the end is the end.
#[must_use]
pub fn pointed_at(filter: &str, (first, after): (u32, u32)) -> String {
    let characters: Vec<char> = filter.chars().collect();
    let [first, after] = [first, after].map(|at| usize::try_from(at).unwrap_or(usize::MAX).min(characters.len()));
    let is_newline = |c: &char| *c == '\n';
    let line_begins = characters[..first].iter().rposition(is_newline).map_or(0, |newline| newline + 1);
    let line_ends = characters[first..].iter().position(is_newline).map_or(characters.len(), |length| first + length);
    let from = line_begins.max(first.saturating_sub(WINDOW / 2));
    let to = line_ends.min(from + WINDOW);
    // Nothing that a terminal would obey, and every character one column: tabs would move the carets.
    let shown: String = characters[from..to].iter().map(|c| if c.is_control() { ' ' } else { *c }).collect();
    let carets = after.min(to).saturating_sub(first).max(1);
    format!("{shown}\n{}{}", " ".repeat(first - from), "^".repeat(carets))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn carets_are_below_the_place() {
        assert_eq!(pointed_at("town = 'Oslo'", (0, 4)), "town = 'Oslo'\n^^^^");
        assert_eq!(pointed_at("city = 7", (7, 8)), "city = 7\n       ^");
    }

    #[test]
    fn places_are_characters_and_not_bytes() {
        assert_eq!(pointed_at("city = 'Å' AND ort = 1", (15, 18)), "city = 'Å' AND ort = 1\n               ^^^");
    }

    #[test]
    fn an_end_that_comes_too_early_is_pointed_at_behind_the_text() {
        assert_eq!(pointed_at("city =", (6, 6)), "city =\n      ^");
        assert_eq!(pointed_at("", (0, 0)), "\n^");
    }

    #[test]
    fn only_the_line_of_the_place_is_shown() {
        assert_eq!(pointed_at("city = 'Oslo'\n\tAND town = 1\nAND x", (19, 23)), " AND town = 1\n     ^^^^");
        assert_eq!(pointed_at("a\nb = 1", (0, 5)), "a\n^", "a place that goes on is cut at its first line's end");
    }

    #[test]
    fn of_a_long_line_a_window_is_shown() {
        let filter = format!("{}town = 1{}", "a = 1 OR ".repeat(100), " OR a = 1".repeat(100));
        let drawn = pointed_at(&filter, (900, 904));
        let (line, carets) = drawn.split_once('\n').expect("two lines");
        assert_eq!(line.chars().count(), WINDOW);
        assert_eq!(&line[carets.find('^').expect("carets")..carets.len()], "town");
    }

    proptest! {
        #[test]
        fn any_place_of_any_text_can_be_pointed_at(filter in any::<String>(), first in 0u32..200, length in 0u32..200) {
            let drawn = pointed_at(&filter, (first, first + length));
            let (line, carets) = drawn.split_once('\n').expect("two lines");
            prop_assert!(line.chars().count() <= WINDOW && !line.chars().any(char::is_control));
            prop_assert!(carets.ends_with('^') && carets.len() <= line.chars().count() + 1);
        }
    }
}
