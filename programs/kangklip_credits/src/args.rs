use pinocchio::Address;

use crate::error::{FrameworkError, Result};

/// Reads an instruction's arguments (Borsh) one after the other. Bytes behind the last one are ignored, as Anchor does.
pub struct Args<'a>(pub &'a [u8]);

impl<'a> Args<'a> {
    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        let (head, tail) =
            self.0.split_first_chunk::<N>().ok_or(FrameworkError::InstructionDidNotDeserialize)?;
        self.0 = tail;
        Ok(head)
    }

    /// The first eight bytes of instruction data, which name the instruction.
    pub fn discriminator(&mut self) -> Result<&'a [u8; 8]> {
        self.take().map_err(|_| FrameworkError::InstructionFallbackNotFound.into())
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.take().map(|bytes| u64::from_le_bytes(*bytes))
    }

    pub fn bytes32(&mut self) -> Result<&'a [u8; 32]> {
        self.take()
    }

    pub fn address(&mut self) -> Result<Address> {
        self.take().map(|bytes| Address::new_from_array(*bytes))
    }

    pub fn bool(&mut self) -> Result<bool> {
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(FrameworkError::InstructionDidNotDeserialize.into()),
        }
    }

    pub fn option<T>(&mut self, read: fn(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.bool()? {
            read(self).map(Some)
        } else {
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_in_order_and_short_data_is_refused() {
        let mut args = Args(&[7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
        assert_eq!(args.u64(), Ok(7));
        assert_eq!(args.bool(), Ok(true));
        assert_eq!(args.option(Args::bool), Ok(None));
        assert_eq!(args.option(Args::bool), Ok(Some(true)));
        assert_eq!(args.bool(), Err(FrameworkError::InstructionDidNotDeserialize.into()));
        assert_eq!(Args(&[0; 31]).bytes32(), Err(FrameworkError::InstructionDidNotDeserialize.into()));
        assert_eq!(Args(&[2]).bool(), Err(FrameworkError::InstructionDidNotDeserialize.into()));
    }
}
