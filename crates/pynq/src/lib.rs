//! Await the interrupts of programmable logic: overlays, boards, buttons, LEDs and your own IP.
