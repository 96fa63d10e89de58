//! Short ASCII text built on the stack: pushing single characters to a `String` costs several times as much.

/// The longest text is a timestamp before Christ with a fraction, 32 characters.
const CAPACITY: usize = 40;

/// Text that is appended to a string when it is complete.
pub(super) struct Ascii {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl Ascii {
    pub(super) fn new() -> Self {
        Self { bytes: [0; CAPACITY], length: 0 }
    }

    /// Adds one ASCII character; past the capacity there is no room, and none is needed.
    #[inline]
    pub(super) fn push(&mut self, character: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = character;
            self.length += 1;
        }
    }

    pub(super) fn push_all(&mut self, text: &[u8]) {
        text.iter().for_each(|&character| self.push(character));
    }

    /// Adds the last two digits of a number.
    #[inline]
    pub(super) fn push_two(&mut self, number: u32) {
        if let Some(slots) = self.bytes.get_mut(self.length..self.length + 2) {
            slots[0] = b'0' + (number / 10 % 10) as u8;
            slots[1] = b'0' + (number % 10) as u8;
            self.length += 2;
        }
    }

    /// Adds a number with at least four digits.
    pub(super) fn push_year(&mut self, year: u32) {
        if year >= 10_000 {
            self.push_digits(year / 10_000);
        }
        self.push_two(year / 100);
        self.push_two(year);
    }

    fn push_digits(&mut self, number: u32) {
        if number >= 10 {
            self.push_digits(number / 10);
        }
        self.push(b'0' + (number % 10) as u8);
    }

    /// Takes zeros off the end.
    pub(super) fn trim_zeros(&mut self) {
        while self.length > 0 && self.bytes[self.length - 1] == b'0' {
            self.length -= 1;
        }
    }

    pub(super) fn append_to(&self, out: &mut String) {
        out.push_str(str::from_utf8(&self.bytes[..self.length]).unwrap_or_default());
    }
}
