use pinocchio::{
    cpi::set_return_data,
    sysvars::{clock::Clock, Sysvar},
};

use crate::{
    constrain::{constrain, require},
    context::Context,
    error::{CreditsError, FrameworkError, Result},
    event::{CreditMoved, Event, CREDIT_USED},
    log::log,
    pda::{self, RECEIPT_SEED},
    state::{self, Account, Config, ConsumeReceipt, UserCredit, CHARGED, MAX_CONSUME},
};

pub const DISCRIMINATOR: &[u8; 8] = &[166, 59, 58, 44, 200, 24, 200, 94];

/// Takes credits for one request. The receipt makes it happen once: the same request again succeeds without effect, so
/// whoever lost the answer may simply ask again.
pub fn process(Context { program_id, accounts, mut args }: Context) -> Result {
    log("Instruction: ConsumeCredit");
    let [spender, config, user, user_credit, receipt, system_program, ..] = accounts else {
        return Err(FrameworkError::AccountNotEnoughKeys.into());
    };
    constrain(user_credit).writable()?;
    constrain(receipt).writable()?;
    constrain(system_program).program(&pinocchio_system::ID)?;
    constrain(spender).signer()?.writable()?.authorized(&Config::load(config, program_id)?.spender)?;
    UserCredit::load(user_credit, user.address(), program_id)?;

    let (request_id, amount) = (args.bytes32()?, args.u64()?);
    require(amount > 0 && amount <= MAX_CONSUME, CreditsError::InvalidAmount)?;

    if receipt.owned_by(program_id) {
        let known = ConsumeReceipt::load(receipt, user.address(), program_id)?;
        constrain(receipt).seeds(known.request_id == *request_id)?;
        require(known.amount.get() == amount, CreditsError::RequestMismatch)?;
        set_return_data(&[0]);
        return Ok(());
    }
    // Always the canonical bump: another one would be a second receipt for the same request.
    let bump = pda::find(receipt, &[RECEIPT_SEED, user.address().as_ref(), request_id], program_id)?;
    let new_balance = UserCredit::load_mut(user_credit, user.address(), program_id)?.charge(amount)?;
    pda::create::<ConsumeReceipt, 4>(
        receipt,
        spender,
        [RECEIPT_SEED, user.address().as_ref(), request_id, &[bump]],
        program_id,
    )?;
    state::fill(
        receipt,
        ConsumeReceipt {
            discriminator: ConsumeReceipt::DISCRIMINATOR,
            user: user.address().clone(),
            request_id: *request_id,
            amount: amount.into(),
            slot: Clock::get()?.slot.into(),
            state: CHARGED,
            bump,
        },
    )?;
    CreditMoved {
        discriminator: CREDIT_USED,
        user: user.address().clone(),
        request_id: *request_id,
        amount: amount.into(),
        new_balance: new_balance.into(),
    }
    .emit();
    set_return_data(&[1]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{config, credit, key, receipt, run, Fake, SPENDER, USER};

    fn consume(who: u8, request_id: [u8; 32], amount: u64) -> (Result, u64) {
        let mut credit = credit(10, 3);
        let result = run(
            &mut [
                &mut Fake::signer(key(who)),
                &mut config(),
                &mut Fake::new(key(USER), Default::default(), &[]),
                &mut credit,
                &mut receipt([5; 32], 3),
                &mut Fake::new(pinocchio_system::ID, Default::default(), &[]),
            ],
            &[DISCRIMINATOR, &request_id, &amount.to_le_bytes()],
        );
        (result, credit.get::<UserCredit>().credits.get())
    }

    #[test]
    fn a_request_that_has_a_receipt_is_not_charged_again() {
        assert_eq!(consume(SPENDER, [5; 32], 3), (Ok(()), 7));
        assert_eq!(consume(SPENDER, [5; 32], 2), (Err(CreditsError::RequestMismatch.into()), 7));
        assert_eq!(consume(SPENDER, [6; 32], 3), (Err(FrameworkError::ConstraintSeeds.into()), 7));
    }

    #[test]
    fn strangers_and_amounts_out_of_bounds_are_refused() {
        assert_eq!(consume(9, [5; 32], 3).0, Err(CreditsError::Unauthorized.into()));
        assert_eq!(consume(SPENDER, [5; 32], 0).0, Err(CreditsError::InvalidAmount.into()));
        assert_eq!(consume(SPENDER, [5; 32], MAX_CONSUME + 1).0, Err(CreditsError::InvalidAmount.into()));
    }
}
