//! A program's functions, as Rust's.

/// Makes functions of a description of those in a program that is built with PYNQ's bridge: each with the name of its blocking
/// form, that of the one which is awaited, and the number that the bridge gave it.
///
/// ```
/// use pynq_drivers::microblaze_rpc;
///
/// microblaze_rpc! {
///     /// A program that knows two functions.
///     pub struct Calculator {
///         /// `int add(int a, int b)`
///         fn add, add_async(a: i32, b: i32) -> i32 = 0;
///         /// `void square(float *values, ..)`
///         fn square, square_async(values: &mut [f32]) = 1;
///     }
/// }
///
/// # use pynq_drivers::microblaze::{PynqMicroblaze, Result};
/// async fn use_it(iop: &PynqMicroblaze) -> Result<i32> {
///     let mut calculator = Calculator(iop.rpc(|text: &str| println!("{text}"))?);
///     let mut values = [1.0, 2.0];
///     calculator.square_async(&mut values).await?;
///     calculator.add_async(40, 2).await
/// }
/// ```
#[macro_export]
macro_rules! microblaze_rpc {
    (
        $(#[$outer:meta])*
        $visibility:vis struct $name:ident {
            $(
                $(#[$inner:meta])*
                fn $blocking:ident, $awaited:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $number:expr;
            )*
        }
    ) => {
        $(#[$outer])*
        #[derive(Debug)]
        $visibility struct $name<P>(pub $crate::microblaze::Rpc<P>);

        impl<P: FnMut(&str) + Send> $name<P> {
            $(
                $(#[$inner])*
                ///
                /// # Errors
                ///
                /// As [`Rpc::call_async`]($crate::microblaze::Rpc::call_async).
                ///
                /// # Cancellation safety
                ///
                /// As [`Rpc::call_async`]($crate::microblaze::Rpc::call_async): the next call finishes this one first.
                #[allow(unused_mut, unused_parens)]
                $visibility fn $awaited(
                    &mut self,
                    $(mut $argument: $type),*
                ) -> $crate::microblaze::RpcWaiting<
                    impl $crate::microblaze::RpcWait<Value = ($($result)?), Error = $crate::microblaze::RpcError>,
                > {
                    let node = self.0.node().clone();
                    node.operation(async move {
                        let mut result: ($($result)?) = ::core::default::Default::default();
                        self.0.exchange($number, &mut [$(&mut $argument),*], &mut result).await?;
                        Ok(result)
                    })
                }

                $(#[$inner])*
                ///
                /// # Blocking
                ///
                /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
                ///
                /// # Errors
                ///
                /// As [`Rpc::call_async`]($crate::microblaze::Rpc::call_async).
                #[allow(unused_parens)]
                $visibility fn $blocking(
                    &mut self,
                    $($argument: $type),*
                ) -> $crate::microblaze::Result<($($result)?)> {
                    self.$awaited($($argument),*).block()
                }
            )*
        }
    };
}
