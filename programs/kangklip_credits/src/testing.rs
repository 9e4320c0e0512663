//! Accounts as the loader lays them out, for unit tests on the host.

use std::{vec, vec::Vec};

use pinocchio::{account::RuntimeAccount, AccountView, Address};

use crate::{
    pda::{CONFIG_SEED, CREDIT_SEED, RECEIPT_SEED},
    state::{Account, Config, ConsumeReceipt, UserCredit, CHARGED},
};

pub const PROGRAM: Address = Address::new_from_array([7; 32]);
const HEADER_BYTES: usize = core::mem::size_of::<RuntimeAccount>();
const NOT_BORROWED: u8 = 255;

pub fn key(byte: u8) -> Address {
    Address::new_from_array([byte; 32])
}

/// Memory of one account, which the views of it point into.
pub struct Fake(Vec<u64>);

impl Fake {
    pub fn new(address: Address, owner: Address, data: &[u8]) -> Self {
        let mut words = vec![0u64; (HEADER_BYTES + data.len()).div_ceil(8)];
        let raw = words.as_mut_ptr() as *mut RuntimeAccount;
        unsafe {
            (*raw).borrow_state = NOT_BORROWED;
            (*raw).is_writable = 1;
            (*raw).address = address;
            (*raw).owner = owner;
            (*raw).data_len = data.len() as u64;
            core::ptr::copy_nonoverlapping(data.as_ptr(), (raw as *mut u8).add(HEADER_BYTES), data.len());
        }
        Self(words)
    }

    pub fn signer(address: Address) -> Self {
        let mut account = Self::new(address, Address::default(), &[]);
        account.0[0] |= 1 << 8;
        account
    }

    pub fn holding<T: Account>(address: Address, value: T) -> Self {
        let bytes = unsafe {
            core::slice::from_raw_parts(&value as *const T as *const u8, core::mem::size_of::<T>())
        };
        Self::new(address, PROGRAM, bytes)
    }

    pub fn readonly(mut self) -> Self {
        self.0[0] &= !(0xff << 16);
        self
    }

    pub fn view(&mut self) -> AccountView {
        unsafe { AccountView::new_unchecked(self.0.as_mut_ptr() as *mut RuntimeAccount) }
    }

    /// Reads what the account holds now.
    pub fn get<T: Account>(&mut self) -> &T {
        unsafe { &*((self.0.as_ptr() as *const u8).add(HEADER_BYTES) as *const T) }
    }
}

pub const ADMIN: u8 = 1;
pub const SPENDER: u8 = 2;
pub const USER: u8 = 3;

pub fn config() -> Fake {
    let (address, bump) = Address::find_program_address(&[CONFIG_SEED], &PROGRAM);
    let config = Config {
        discriminator: Config::DISCRIMINATOR,
        admin: key(ADMIN),
        pending_admin: Address::default(),
        spender: key(SPENDER),
        usdc_mint: key(40),
        treasury: key(41),
        price: 100_000.into(),
        paused: 0,
        bump,
    };
    Fake::holding(address, config)
}

pub fn credit(purchased: u64, spent: u64) -> Fake {
    let user = key(USER);
    let (address, bump) = Address::find_program_address(&[CREDIT_SEED, user.as_ref()], &PROGRAM);
    let credit = UserCredit {
        discriminator: UserCredit::DISCRIMINATOR,
        user,
        credits: (purchased - spent).into(),
        purchased: purchased.into(),
        spent: spent.into(),
        bump,
    };
    Fake::holding(address, credit)
}

pub fn receipt(request_id: [u8; 32], amount: u64) -> Fake {
    let user = key(USER);
    let (address, bump) =
        Address::find_program_address(&[RECEIPT_SEED, user.as_ref(), &request_id], &PROGRAM);
    let receipt = ConsumeReceipt {
        discriminator: ConsumeReceipt::DISCRIMINATOR,
        user,
        request_id,
        amount: amount.into(),
        slot: 0.into(),
        state: CHARGED,
        bump,
    };
    Fake::holding(address, receipt)
}

/// Runs one instruction on these accounts.
pub fn run(accounts: &mut [&mut Fake], data: &[&[u8]]) -> crate::error::Result {
    let mut views: Vec<AccountView> = accounts.iter_mut().map(|account| account.view()).collect();
    crate::process_instruction(&PROGRAM, &mut views, &data.concat())
}
