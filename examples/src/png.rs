//! Pictures as PNG files.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};
use pynq::sim::device::Picture;

/// A picture of grey or coloured pixels, each of them `scale` times as wide and high.
///
/// # Errors
///
/// Those of the compression.
pub fn encode(picture: &Picture, scale: usize) -> std::io::Result<Vec<u8>> {
    let size = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
    let pixel = usize::from(picture.pixel).max(1);
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in picture.data.chunks((size(picture.width) * pixel).max(1)) {
        let wide: Vec<u8> =
            row.chunks(pixel).flat_map(|pixel| std::iter::repeat_n(pixel, scale).flatten()).copied().collect();
        for _ in 0..scale {
            // Each row begins with how it is coded: as it is.
            rows.write_all(&[0])?;
            rows.write_all(&wide)?;
        }
    }
    let mut header = Vec::new();
    for pixels in [picture.width, picture.height] {
        header.extend((pixels * u32::try_from(scale).unwrap_or(1)).to_be_bytes());
    }
    // Eight bits, grey or with colours, and nothing special.
    header.extend([8, if pixel == 3 { 2 } else { 0 }, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", rows.finish()?), (b"IEND", Vec::new())] {
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(&data);
        file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        file.extend(kind);
        file.extend(data);
        file.extend(sum.sum().to_be_bytes());
    }
    Ok(file)
}
