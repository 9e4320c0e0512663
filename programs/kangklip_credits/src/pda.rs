use pinocchio::{
    cpi::{Seed, Signer},
    AccountView, Address,
};
use pinocchio_system::create_account_with_minimum_balance_signed;

use crate::error::{FrameworkError, Result};

pub const CONFIG_SEED: &[u8] = b"config";
pub const CREDIT_SEED: &[u8] = b"credit";
pub const RECEIPT_SEED: &[u8] = b"receipt";

/// The account lies at the address of `seeds`, the last of which is the bump that the account itself keeps.
#[inline(never)]
pub fn check(account: &AccountView, seeds: &[&[u8]], program_id: &Address) -> Result {
    match Address::create_program_address(seeds, program_id) {
        Ok(address) if address == *account.address() => Ok(()),
        _ => Err(FrameworkError::ConstraintSeeds.into()),
    }
}

/// The account lies at the canonical address of `seeds`; gives its bump. A bump is never taken from the caller: two bumps
/// would be two addresses for the same thing.
#[inline(never)]
pub fn find(account: &AccountView, seeds: &[&[u8]], program_id: &Address) -> Result<u8> {
    match Address::try_find_program_address(seeds, program_id) {
        Some((address, bump)) if address == *account.address() => Ok(bump),
        _ => Err(FrameworkError::ConstraintSeeds.into()),
    }
}

/// Creates an account of this program that holds a `T`, also at an address to which somebody already sent lamports.
/// The last of the seeds is the bump.
#[inline(always)]
pub fn create<T, const N: usize>(
    account: &mut AccountView,
    payer: &AccountView,
    seeds: [&[u8]; N],
    program_id: &Address,
) -> Result {
    let seeds = seeds.map(Seed::from);
    create_account(New { account, payer, space: core::mem::size_of::<T>(), seeds: &seeds, program_id })
}

struct New<'a> {
    account: &'a mut AccountView,
    payer: &'a AccountView,
    space: usize,
    seeds: &'a [Seed<'a>],
    program_id: &'a Address,
}

#[inline(never)]
fn create_account(New { account, payer, space, seeds, program_id }: New) -> Result {
    let signers = [Signer::from(seeds)];
    create_account_with_minimum_balance_signed(account, space, program_id, payer, None, &signers)
}
