//! What is drawn, on whatever `embedded-graphics` can draw on.

use embedded_graphics::{
    image::{Image, ImageRaw},
    mono_font::{MonoTextStyle, ascii::FONT_6X10, ascii::FONT_9X15_BOLD},
    pixelcolor::BinaryColor,
    prelude::*,
    primitives::{Circle, Line, PrimitiveStyle, Rectangle, RoundedRectangle},
    text::Text,
};

/// A chip with its pins: 16 by 16 pixels.
const CHIP: [u8; 32] = [
    0b0000_1010,
    0b0101_0000,
    0b0000_1010,
    0b0101_0000,
    0b0011_1111,
    0b1111_1100,
    0b0010_0000,
    0b0000_0100,
    0b1110_0000,
    0b0000_0111,
    0b0010_0110,
    0b0110_0100,
    0b1110_1001,
    0b1001_0111,
    0b0010_1001,
    0b1001_0100,
    0b0010_0110,
    0b0110_0100,
    0b1110_0000,
    0b0000_0111,
    0b0010_0111,
    0b1110_0100,
    0b1110_0000,
    0b0000_0111,
    0b0010_0000,
    0b0000_0100,
    0b0011_1111,
    0b1111_1100,
    0b0000_1010,
    0b0101_0000,
    0b0000_1010,
    0b0101_0000,
];

/// A frame, a picture, text and a curve.
pub(crate) fn draw<D: DrawTarget<Color = BinaryColor>>(target: &mut D, how: &str) -> Result<(), D::Error> {
    let line = PrimitiveStyle::with_stroke(BinaryColor::On, 1);
    let frame = Rectangle::new(Point::zero(), Size::new(128, 64));
    RoundedRectangle::with_equal_corners(frame, Size::new(6, 6)).into_styled(line).draw(target)?;
    let chip = ImageRaw::<BinaryColor>::new(&CHIP, 16);
    Image::new(&chip, Point::new(8, 6)).draw(target)?;
    Text::new("pynq-rs", Point::new(32, 19), MonoTextStyle::new(&FONT_9X15_BOLD, BinaryColor::On)).draw(target)?;
    Text::new(how, Point::new(32, 33), MonoTextStyle::new(&FONT_6X10, BinaryColor::On)).draw(target)?;
    Circle::new(Point::new(106, 8), 14).into_styled(line).draw(target)?;
    Circle::new(Point::new(110, 12), 6).into_styled(PrimitiveStyle::with_fill(BinaryColor::On)).draw(target)?;
    // What is on the bus.
    let mut from = Point::new(6, 56);
    for (at, level) in (6..).step_by(9).zip([1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1]) {
        let to = Point::new(at, if level == 1 { 42 } else { 56 });
        Line::new(Point::new(to.x, from.y), to).into_styled(line).draw(target)?;
        Line::new(to, to + Point::new(9, 0)).into_styled(line).draw(target)?;
        from = to;
    }
    Ok(())
}
