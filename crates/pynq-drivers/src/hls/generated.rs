//! What the drivers of generated designs have in common.

/// Makes a driver of the type `$driver` around an [`Accelerator`](crate::hls::Accelerator), for the core that is called `CORE`
/// where this stands. `pynq_hwh::codegen` writes it.
#[doc(hidden)]
#[macro_export]
macro_rules! __accelerator_driver {
    ($driver:ident, $vlnv:literal) => {
        impl ::pynq_core::Driver for $driver {
            const NAME: &'static str = "accelerator";
            const VLNV: &'static str = $vlnv;
            const INTERRUPT: &'static str = $crate::hls::INTERRUPT;
            type Config = ();
            type Hardware = $crate::hls::HlsHardware;
            type SetUpError = $crate::hls::HlsConfigError;

            fn configure(_: &::pynq_core::Parameters<'_>) -> Result<(), ::pynq_core::ParameterError> {
                Ok(())
            }

            fn set_up(window: ::pynq_core::Window, (): ()) -> Result<Self::Hardware, Self::SetUpError> {
                $crate::hls::HlsHardware::new(window, CORE)
            }

            fn attach(window: ::pynq_core::Window, (): ()) -> Result<Self::Hardware, Self::SetUpError> {
                $crate::hls::HlsHardware::attach(window, CORE)
            }

            fn has_interrupt((): &()) -> bool {
                CORE.control.is_some()
            }

            fn over(node: ::pynq_core::interrupt::NodeHandle<Self::Hardware>) -> Result<Self, ::pynq_core::Error> {
                $crate::hls::Accelerator::over(node).map(Self)
            }
        }
    };
}
