use pinocchio::cpi::set_return_data;

use crate::{
    constrain::{constrain, require},
    context::Context,
    error::{CreditsError, FrameworkError, Result},
    event::{CreditMoved, Event, CREDIT_REFUNDED},
    log::log,
    state::{Config, ConsumeReceipt, UserCredit, CHARGED, REFUNDED},
};

pub const DISCRIMINATOR: &[u8; 8] = &[119, 197, 196, 172, 45, 240, 227, 139];

/// Gives the credits of one charged request back, once.
pub fn process(Context { program_id, accounts, .. }: Context) -> Result {
    log("Instruction: RefundCredit");
    let [spender, config, user, user_credit, receipt, ..] = accounts else {
        return Err(FrameworkError::AccountNotEnoughKeys.into());
    };
    constrain(user_credit).writable()?;
    constrain(receipt).writable()?;
    constrain(spender).signer()?.authorized(&Config::load(config, program_id)?.spender)?;
    let mut credit = UserCredit::load_mut(user_credit, user.address(), program_id)?;
    let mut receipt = ConsumeReceipt::load_mut(receipt, user.address(), program_id)?;

    if receipt.state == REFUNDED {
        set_return_data(&[0]);
        return Ok(());
    }
    require(receipt.state == CHARGED, CreditsError::BadState)?;
    let new_balance = credit.refund(receipt.amount.get())?;
    receipt.state = REFUNDED;
    CreditMoved {
        discriminator: CREDIT_REFUNDED,
        user: user.address().clone(),
        request_id: receipt.request_id,
        amount: receipt.amount,
        new_balance: new_balance.into(),
    }
    .emit();
    set_return_data(&[1]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{config, credit, key, receipt, run, Fake, PROGRAM, SPENDER, USER};

    #[test]
    fn a_receipt_is_refunded_once() {
        let (mut credit, mut receipt) = (credit(10, 4), receipt([5; 32], 3));
        for _ in 0..2 {
            run(
                &mut [
                    &mut Fake::signer(key(SPENDER)),
                    &mut config(),
                    &mut Fake::new(key(USER), Default::default(), &[]),
                    &mut credit,
                    &mut receipt,
                ],
                &[DISCRIMINATOR],
            )
            .unwrap();
            let now = credit.get::<UserCredit>();
            assert_eq!((now.credits.get(), now.purchased.get(), now.spent.get()), (9, 10, 1));
            assert_eq!(receipt.get::<ConsumeReceipt>().state, REFUNDED);
        }
    }

    #[test]
    fn one_account_in_two_places_is_refused() {
        let mut accounts = [
            Fake::signer(key(SPENDER)),
            config(),
            Fake::new(key(USER), Default::default(), &[]),
            credit(10, 4),
        ];
        let mut views = std::vec::Vec::from_iter(accounts.iter_mut().map(Fake::view));
        views.push(views[3].clone());
        assert_eq!(
            crate::process_instruction(&PROGRAM, &mut views, DISCRIMINATOR),
            Err(pinocchio::error::ProgramError::AccountBorrowFailed)
        );
    }
}
