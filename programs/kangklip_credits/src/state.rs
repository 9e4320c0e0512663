use core::mem::size_of;

use pinocchio::{
    account::{Ref, RefMut},
    AccountView, Address,
};

use crate::{
    error::{CreditsError, FrameworkError, Result},
    pda::{self, CONFIG_SEED, CREDIT_SEED, RECEIPT_SEED},
};

/// Most credits that one consume may take: what a stolen spender key can do per transaction has a bound.
pub const MAX_CONSUME: u64 = 10;

/// Slots (about a day) between a charge and the earliest close of its receipt: after it the same request could be charged
/// again, so whoever charged must have had the time to write down what was paid for.
pub const RECEIPT_MIN_AGE_SLOTS: u64 = 216_000;

pub const CHARGED: u8 = 1;
pub const REFUNDED: u8 = 2;

/// A little-endian u64 without alignment, so that an account is read where it lies.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct U64([u8; 8]);

impl U64 {
    pub fn get(&self) -> u64 {
        u64::from_le_bytes(self.0)
    }
}

impl From<u64> for U64 {
    fn from(value: u64) -> Self {
        Self(value.to_le_bytes())
    }
}

/// An account of this program: eight bytes that name its kind, then its fields without gaps.
///
/// # Safety
/// The type is `repr(C)`, begins with the discriminator and has only fields that any bytes are valid for.
pub unsafe trait Account: Sized {
    const DISCRIMINATOR: [u8; 8];
}

/// Who runs the program. There is one, at the seeds `["config"]`.
#[repr(C)]
pub struct Config {
    pub discriminator: [u8; 8],
    pub admin: Address,
    /// Who may become the admin by accepting; zero when nobody may.
    pub pending_admin: Address,
    /// The hot key: it may charge, refund and close receipts, and nothing else.
    pub spender: Address,
    pub usdc_mint: Address,
    /// Owner of the token account that receives the USDC.
    pub treasury: Address,
    /// Base units of USDC per credit.
    pub price: U64,
    pub paused: u8,
    pub bump: u8,
}

/// A user's credits, at the seeds `["credit", user]`. `credits = purchased - spent` always.
#[repr(C)]
pub struct UserCredit {
    pub discriminator: [u8; 8],
    pub user: Address,
    pub credits: U64,
    pub purchased: U64,
    pub spent: U64,
    pub bump: u8,
}

/// Proof that one request was charged, at the seeds `["receipt", user, request_id]`.
#[repr(C)]
pub struct ConsumeReceipt {
    pub discriminator: [u8; 8],
    pub user: Address,
    pub request_id: [u8; 32],
    pub amount: U64,
    /// When it was charged.
    pub slot: U64,
    /// [`CHARGED`] or [`REFUNDED`].
    pub state: u8,
    pub bump: u8,
}

const _: () = assert!(size_of::<Config>() == 178);
const _: () = assert!(size_of::<UserCredit>() == 65);
const _: () = assert!(size_of::<ConsumeReceipt>() == 90);

unsafe impl Account for Config {
    const DISCRIMINATOR: [u8; 8] = [155, 12, 170, 224, 30, 250, 204, 130];
}

unsafe impl Account for UserCredit {
    const DISCRIMINATOR: [u8; 8] = [41, 47, 169, 170, 241, 28, 215, 103];
}

unsafe impl Account for ConsumeReceipt {
    const DISCRIMINATOR: [u8; 8] = [45, 39, 151, 160, 243, 81, 112, 57];
}

impl Config {
    /// The Config, which lies at the one address where it can be.
    #[inline(never)]
    pub fn load<'a>(account: &'a AccountView, program_id: &Address) -> Result<Ref<'a, Self>> {
        let config = read::<Self>(account, program_id)?;
        pda::check(account, &[CONFIG_SEED, &[config.bump]], program_id)?;
        Ok(config)
    }

    #[inline(never)]
    pub fn load_mut<'a>(account: &'a mut AccountView, program_id: &Address) -> Result<RefMut<'a, Self>> {
        Self::load(account, program_id)?;
        write(account, program_id)
    }
}

impl UserCredit {
    /// The credits of `user`.
    #[inline(never)]
    pub fn load<'a>(account: &'a AccountView, user: &Address, program_id: &Address) -> Result<Ref<'a, Self>> {
        let credit = read::<Self>(account, program_id)?;
        if credit.user != *user {
            return Err(CreditsError::InvalidOwner.into());
        }
        pda::check(account, &[CREDIT_SEED, user.as_ref(), &[credit.bump]], program_id)?;
        Ok(credit)
    }

    #[inline(never)]
    pub fn load_mut<'a>(
        account: &'a mut AccountView,
        user: &Address,
        program_id: &Address,
    ) -> Result<RefMut<'a, Self>> {
        Self::load(account, user, program_id)?;
        write(account, program_id)
    }

    /// Adds bought credits; gives the new balance.
    pub fn add(&mut self, amount: u64) -> Result<u64> {
        self.purchased = plus(self.purchased, amount)?;
        self.credits = plus(self.credits, amount)?;
        Ok(self.credits.get())
    }

    /// Takes credits away; gives the new balance.
    pub fn charge(&mut self, amount: u64) -> Result<u64> {
        let credits = self.credits.get().checked_sub(amount).ok_or(CreditsError::InsufficientCredits)?;
        self.spent = plus(self.spent, amount)?;
        self.credits = credits.into();
        Ok(credits)
    }

    /// Gives charged credits back; gives the new balance.
    pub fn refund(&mut self, amount: u64) -> Result<u64> {
        let spent = self.spent.get().checked_sub(amount).ok_or(CreditsError::Overflow)?;
        self.credits = plus(self.credits, amount)?;
        self.spent = spent.into();
        Ok(self.credits.get())
    }
}

impl ConsumeReceipt {
    /// A receipt of `user`, whichever request it is for.
    #[inline(never)]
    pub fn load<'a>(account: &'a AccountView, user: &Address, program_id: &Address) -> Result<Ref<'a, Self>> {
        let receipt = read::<Self>(account, program_id)?;
        if receipt.user != *user {
            return Err(CreditsError::InvalidOwner.into());
        }
        let seeds: [&[u8]; 4] = [RECEIPT_SEED, user.as_ref(), &receipt.request_id, &[receipt.bump]];
        pda::check(account, &seeds, program_id)?;
        Ok(receipt)
    }

    #[inline(never)]
    pub fn load_mut<'a>(
        account: &'a mut AccountView,
        user: &Address,
        program_id: &Address,
    ) -> Result<RefMut<'a, Self>> {
        Self::load(account, user, program_id)?;
        write(account, program_id)
    }
}

fn plus(value: U64, amount: u64) -> Result<U64> {
    Ok(value.get().checked_add(amount).ok_or(CreditsError::Overflow)?.into())
}

/// Views an account of this program as `T`: owner, length and discriminator are checked.
#[inline(never)]
pub fn read<'a, T: Account>(account: &'a AccountView, program_id: &Address) -> Result<Ref<'a, T>> {
    if !account.owned_by(program_id) {
        return Err(FrameworkError::AccountOwnedByWrongProgram.into());
    }
    Ref::filter_map(account.try_borrow()?, |data| {
        let fits = data.len() == size_of::<T>() && data[..8] == T::DISCRIMINATOR;
        // SAFETY: as many bytes as T has, and T is repr(C) without alignment or invalid values.
        fits.then(|| unsafe { &*(data.as_ptr() as *const T) })
    })
    .map_err(|_| FrameworkError::AccountDiscriminatorMismatch.into())
}

/// As [`read`], for writing.
#[inline(never)]
fn write<'a, T: Account>(account: &'a mut AccountView, program_id: &Address) -> Result<RefMut<'a, T>> {
    read::<T>(account, program_id)?;
    Ok(RefMut::map(account.try_borrow_mut()?, |data| {
        // SAFETY: `read` has checked the length; T is repr(C) without alignment or invalid values.
        unsafe { &mut *(data.as_mut_ptr() as *mut T) }
    }))
}

/// Fills an account that was just created.
pub fn fill<T: Account>(account: &mut AccountView, value: T) -> Result {
    let mut data = account.try_borrow_mut()?;
    if data.len() != size_of::<T>() {
        return Err(FrameworkError::AccountDiscriminatorMismatch.into());
    }
    // SAFETY: the length was checked, and T has no alignment.
    unsafe { (data.as_mut_ptr() as *mut T).write_unaligned(value) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{config, credit, key, Fake, PROGRAM, USER};

    fn user_credit(purchased: u64, spent: u64) -> UserCredit {
        UserCredit {
            discriminator: UserCredit::DISCRIMINATOR,
            user: key(USER),
            credits: (purchased - spent).into(),
            purchased: purchased.into(),
            spent: spent.into(),
            bump: 255,
        }
    }

    #[test]
    fn credits_are_what_was_bought_less_what_was_spent_whatever_happens() {
        let mut credit = user_credit(0, 0);
        let mut state = 1u64;
        for _ in 0..10_000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let amount = (state >> 33) % 50;
            let _ = match state >> 62 {
                0 => credit.add(amount),
                1 | 2 => credit.charge(amount),
                _ => credit.refund(amount),
            };
            assert_eq!(credit.credits.get(), credit.purchased.get() - credit.spent.get());
        }
        assert!(credit.spent.get() > 0 && credit.purchased.get() > 1000);
    }

    #[test]
    fn a_balance_neither_overflows_nor_falls_below_zero() {
        let mut credit = user_credit(u64::MAX, 5);
        assert_eq!(credit.add(1), Err(CreditsError::Overflow.into()));
        assert_eq!(credit.refund(6), Err(CreditsError::Overflow.into()));
        assert_eq!(user_credit(3, 0).charge(4), Err(CreditsError::InsufficientCredits.into()));
        assert_eq!(user_credit(3, 0).charge(3), Ok(0));
    }

    #[test]
    fn an_account_of_another_program_kind_or_length_is_refused() {
        let mut foreign = Fake::new(key(9), key(8), &[0; 178]);
        assert_eq!(
            Config::load(&foreign.view(), &PROGRAM).err(),
            Some(FrameworkError::AccountOwnedByWrongProgram.into())
        );
        for data in [&[][..], &Config::DISCRIMINATOR, &[0; 178]] {
            let mut account = Fake::new(key(9), PROGRAM, data);
            assert_eq!(
                Config::load(&account.view(), &PROGRAM).err(),
                Some(FrameworkError::AccountDiscriminatorMismatch.into())
            );
        }
        assert_eq!(
            Config::load(&credit(1, 0).view(), &PROGRAM).err(),
            Some(FrameworkError::AccountDiscriminatorMismatch.into())
        );
    }

    #[test]
    fn a_config_at_another_address_is_refused() {
        let mut good = config();
        let bump = Config::load(&good.view(), &PROGRAM).unwrap().bump;
        let mut elsewhere = Fake::holding(
            key(9),
            Config {
                discriminator: Config::DISCRIMINATOR,
                admin: key(9),
                pending_admin: Address::default(),
                spender: key(9),
                usdc_mint: key(9),
                treasury: key(9),
                price: 1.into(),
                paused: 0,
                bump,
            },
        );
        assert_eq!(
            Config::load(&elsewhere.view(), &PROGRAM).err(),
            Some(FrameworkError::ConstraintSeeds.into())
        );
    }
}
