//! How many rows of a batch have come, by the share of its file that has. Pure.

/// A file that is on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    rows: u64,
    bytes: u64,
    come: u64,
    told: u64,
}

impl Share {
    /// A file of so many rows and bytes, of which nothing has come.
    pub(super) fn new(rows: u64, bytes: u64) -> Self {
        Self { rows, bytes, come: 0, told: 0 }
    }

    /// So many more bytes have come; how many more rows these are. All together, they are all rows.
    pub(super) fn come(&mut self, bytes: u64) -> u64 {
        self.come += bytes;
        let rows = u128::from(self.rows) * u128::from(self.come) / u128::from(self.bytes.max(1));
        let rows = u64::try_from(rows).unwrap_or(u64::MAX).min(self.rows);
        let more = rows.saturating_sub(self.told);
        self.told = rows;
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_all_rows() {
        let mut share = Share::new(10, 1000);
        let rows: Vec<u64> = [256, 256, 256, 232].map(|bytes| share.come(bytes)).to_vec();
        assert_eq!(rows, [2, 3, 2, 3]);
        assert_eq!(share.come(500), 0, "more than was said");
        assert_eq!(Share::new(7, 0).come(0), 0);
    }
}
