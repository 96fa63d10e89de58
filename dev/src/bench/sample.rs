//! Several measurements of the same thing. Pure.

/// Several measurements of the same thing, in the same unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// One more.
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Something else that follows from each.
    pub(crate) fn each(&self, what: impl Fn(f64) -> f64) -> Sample {
        self.0.iter().copied().map(what).collect()
    }

    /// The middle one, or the mean of the two in the middle; not a number when there is none.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            odd if odd % 2 == 1 => sorted[odd / 2],
            even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
        }
    }

    /// The least; infinite when there is none.
    pub(crate) fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The greatest; infinite when there is none.
    pub(crate) fn greatest(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        let of = |values: &[f64]| values.iter().copied().collect::<Sample>();
        assert_eq!(of(&[9.0, 1.0, 5.0]).median(), 5.0);
        assert_eq!(of(&[4.0, 1.0, 2.0, 100.0]).median(), 3.0);
        assert!(of(&[]).median().is_nan());
        let sample = of(&[2.0, 7.0, 3.0]);
        assert_eq!((sample.least(), sample.greatest()), (2.0, 7.0));
    }
}
