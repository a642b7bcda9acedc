//! Markdown tables.

/// A table of a head and rows.
pub(super) struct Table {
    text: String,
    rows: usize,
}

impl Table {
    pub(super) fn new<T: AsRef<str>>(head: &[T]) -> Self {
        let mut table = Table { text: String::new(), rows: 0 };
        table.line(head);
        table.line(&vec!["---"; head.len()]);
        table
    }

    pub(super) fn row<T: AsRef<str>>(&mut self, cells: &[T]) {
        self.line(cells);
        self.rows += 1;
    }

    /// The table, if it has a row.
    pub(super) fn finish(self) -> Option<String> {
        (self.rows > 0).then_some(self.text + "\n")
    }

    fn line<T: AsRef<str>>(&mut self, cells: &[T]) {
        let cells = cells.iter().map(|cell| cell.as_ref().replace('|', "\\|").replace('\n', " "));
        self.text += &format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
}

/// A number of elements: 16 Mi, 4 Ki, 1000.
pub(super) fn size(elements: u64) -> String {
    for (unit, bits) in [("Mi", 20), ("Ki", 10)] {
        if elements >= 1 << bits && elements.is_multiple_of(1 << bits) {
            return format!("{} {unit}", elements >> bits);
        }
    }
    elements.to_string()
}

/// A ratio with two digits, a dash where there is none.
pub(super) fn ratio(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.2}"))
}

/// GB/s out of bytes and seconds.
pub(super) fn rate(bytes: f64, seconds: f64) -> String {
    let rate = bytes / seconds / 1e9;
    if rate < 100.0 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_a_cell() {
        let mut table = Table::new(&["a", "b"]);
        table.row(&["1 | 2", "3\n4"]);
        assert_eq!(
            table.finish().as_deref(),
            Some("| a | b |\n| --- | --- |\n| 1 \\| 2 | 3 4 |\n\n")
        );
        assert_eq!(Table::new(&["a"]).finish(), None);
    }

    #[test]
    fn sizes_and_rates() {
        assert_eq!([size(16 << 20), size(4096), size(1000)], ["16 Mi", "4 Ki", "1000"]);
        assert_eq!([rate(8e9, 0.002), rate(8e9, 1.0)], ["4000", "8.0"]);
    }
}
