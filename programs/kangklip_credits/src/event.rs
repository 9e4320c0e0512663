use core::{mem::size_of, slice::from_raw_parts};

use pinocchio::Address;

use crate::{log::log_data, state::U64};

/// A line `Program data: <base64>` in the log, which Anchor's clients decode.
///
/// # Safety
/// The type is `repr(C)`, begins with the discriminator and has no padding.
pub unsafe trait Event: Sized {
    fn emit(&self) {
        // SAFETY: without padding every byte is initialised.
        log_data(unsafe { from_raw_parts(self as *const Self as *const u8, size_of::<Self>()) });
    }
}

#[repr(C)]
pub struct Paid {
    pub discriminator: [u8; 8],
    pub user: Address,
    pub reference: [u8; 32],
    pub amount_base_units: U64,
    pub credits_added: U64,
    pub new_balance: U64,
}

impl Paid {
    pub const DISCRIMINATOR: [u8; 8] = [240, 193, 17, 238, 238, 210, 129, 235];
}

/// What `CreditUsed` and `CreditRefunded` tell; the discriminator says which of them it is.
#[repr(C)]
pub struct CreditMoved {
    pub discriminator: [u8; 8],
    pub user: Address,
    pub request_id: [u8; 32],
    pub amount: U64,
    pub new_balance: U64,
}

pub const CREDIT_USED: [u8; 8] = [8, 159, 199, 32, 225, 228, 19, 38];
pub const CREDIT_REFUNDED: [u8; 8] = [225, 28, 234, 157, 252, 220, 213, 142];

// Fields of one byte's alignment leave no padding.
const _: () = assert!(size_of::<Paid>() == 8 + 32 + 32 + 24 && align_of::<Paid>() == 1);
const _: () = assert!(size_of::<CreditMoved>() == 8 + 32 + 32 + 16 && align_of::<CreditMoved>() == 1);
unsafe impl Event for Paid {}
unsafe impl Event for CreditMoved {}
