use pinocchio::Address;

use crate::{
    args::Args,
    constrain::{constrain, require},
    context::Context,
    error::{CreditsError, FrameworkError, Result},
    log::log,
    state::Config,
};

pub const DISCRIMINATOR: &[u8; 8] = &[29, 158, 252, 191, 10, 83, 219, 99];

/// Changes what is given and leaves the rest. The mint never changes: balances were paid for in it.
pub fn process(Context { program_id, accounts, mut args }: Context) -> Result {
    log("Instruction: UpdateConfig");
    let [admin, config, ..] = accounts else {
        return Err(FrameworkError::AccountNotEnoughKeys.into());
    };
    constrain(config).writable()?;
    let mut config = Config::load_mut(config, program_id)?;
    constrain(admin).signer()?.authorized(&config.admin)?;

    let spender = args.option(Args::address)?;
    let treasury = args.option(Args::address)?;
    let price = args.option(Args::u64)?;
    let paused = args.option(Args::bool)?;
    require(price != Some(0), CreditsError::InvalidAmount)?;
    require(treasury != Some(Address::default()), CreditsError::InvalidOwner)?;

    // A spender of zero is allowed: nobody can sign for it, which stops every charge at once.
    if let Some(spender) = spender {
        config.spender = spender;
    }
    if let Some(treasury) = treasury {
        config.treasury = treasury;
    }
    if let Some(price) = price {
        config.price = price.into();
    }
    if let Some(paused) = paused {
        config.paused = paused.into();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{config, key, run, Fake, ADMIN};

    fn args(price: u64, paused: u8) -> std::vec::Vec<u8> {
        [&[0, 0, 1][..], &price.to_le_bytes(), &[1, paused]].concat()
    }

    #[test]
    fn only_what_is_given_changes() {
        let mut config = config();
        run(&mut [&mut Fake::signer(key(ADMIN)), &mut config], &[DISCRIMINATOR, &args(250_000, 1)]).unwrap();
        let now = config.get::<Config>();
        assert_eq!((now.price.get(), now.paused), (250_000, 1));
        assert!(now.spender == key(2) && now.treasury == key(41) && now.admin == key(ADMIN));
    }

    #[test]
    fn a_stranger_a_price_of_zero_and_a_readonly_config_are_refused() {
        let mut config = config();
        let mut update = |who: u8, price| {
            run(&mut [&mut Fake::signer(key(who)), &mut config], &[DISCRIMINATOR, &args(price, 0)])
        };
        assert_eq!(update(9, 1), Err(CreditsError::Unauthorized.into()));
        assert_eq!(update(ADMIN, 0), Err(CreditsError::InvalidAmount.into()));
        let mut readonly = crate::testing::config().readonly();
        assert_eq!(
            run(&mut [&mut Fake::signer(key(ADMIN)), &mut readonly], &[DISCRIMINATOR, &args(1, 0)]),
            Err(FrameworkError::ConstraintMut.into())
        );
    }
}
