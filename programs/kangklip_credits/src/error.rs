use pinocchio::error::ProgramError;

pub type Result<T = ()> = core::result::Result<T, ProgramError>;

macro_rules! errors {
    ($($(#[$enum_doc:meta])* $kind:ident { $($name:ident = $code:literal, $message:literal;)* })*) => {
        $(
            $(#[$enum_doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            #[repr(u32)]
            pub enum $kind { $(#[doc = $message] $name = $code,)* }

            impl From<$kind> for ProgramError {
                fn from(error: $kind) -> Self {
                    ProgramError::Custom(error as u32)
                }
            }
        )*

        /// What Anchor would log. Its client throws an `AnchorError` with a code only where it finds such a line.
        pub fn log_line(code: u32) -> Option<&'static str> {
            match code {
                $($($code => Some(concat!(
                    "AnchorError occurred. Error Code: ", stringify!($name),
                    ". Error Number: ", $code,
                    ". Error Message: ", $message, "."
                )),)*)*
                _ => None,
            }
        }
    };
}

errors! {
    /// The program's own errors, as in the IDL.
    CreditsError {
        InvalidAmount = 6000, "Amount is zero or above the limit";
        InvalidMint = 6001, "Wrong mint or token account";
        InvalidOwner = 6002, "Wrong account owner";
        NotAMultipleOfPrice = 6003, "Amount must be a whole number of credits";
        Overflow = 6004, "Arithmetic overflow";
        Unauthorized = 6005, "Signer is not authorised";
        InsufficientCredits = 6006, "Not enough credits";
        Paused = 6007, "Top-ups are paused";
        RequestMismatch = 6008, "Request id was already used with another amount";
        ReceiptTooYoung = 6009, "Receipt can not be closed yet";
        BadState = 6010, "Bad receipt state";
    }
    /// Numbers that mean in every Anchor program what they mean here.
    FrameworkError {
        InstructionFallbackNotFound = 101, "Fallback functions are not supported";
        InstructionDidNotDeserialize = 102, "The program could not deserialize the given instruction";
        ConstraintMut = 2000, "A mut constraint was violated";
        ConstraintSeeds = 2006, "A seeds constraint was violated";
        AccountDiscriminatorMismatch = 3002, "Account discriminator did not match what was expected";
        AccountNotEnoughKeys = 3005, "Not enough account keys given to the instruction";
        AccountOwnedByWrongProgram = 3007, "The given account is owned by a different program than expected";
        InvalidProgramId = 3008, "Program ID was not as expected";
        AccountNotSigner = 3010, "The given account did not sign";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_logs_the_line_that_anchors_client_parses() {
        assert_eq!(
            log_line(CreditsError::Paused as u32),
            Some("AnchorError occurred. Error Code: Paused. Error Number: 6007. Error Message: Top-ups are paused.")
        );
        assert_eq!(log_line(6011), None);
        assert_eq!(ProgramError::from(FrameworkError::AccountNotSigner), ProgramError::Custom(3010));
    }
}
