//! Reading little-endian fields off a slice, with errors that name field and offset.

use uuid::Uuid;

use super::BatchError;

/// A position in `data`; every read is checked and advances it.
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn remaining(&self) -> usize {
        self.data.len() - self.at
    }

    pub(super) fn take(&mut self, need: usize, field: &'static str) -> Result<&'a [u8], BatchError> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let (taken, _) = rest.split_at_checked(need).ok_or(BatchError::Truncated {
            field,
            offset: self.at,
            need,
            have: rest.len(),
        })?;
        self.at += need;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], BatchError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, field)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, BatchError> {
        Ok(u8::from_le_bytes(self.array(field)?))
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, BatchError> {
        Ok(u16::from_le_bytes(self.array(field)?))
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, BatchError> {
        Ok(u32::from_le_bytes(self.array(field)?))
    }

    pub(super) fn i32(&mut self, field: &'static str) -> Result<i32, BatchError> {
        Ok(i32::from_le_bytes(self.array(field)?))
    }

    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, BatchError> {
        Ok(u64::from_le_bytes(self.array(field)?))
    }

    pub(super) fn uuid(&mut self, field: &'static str) -> Result<Uuid, BatchError> {
        Ok(Uuid::from_bytes(self.array(field)?))
    }
}
