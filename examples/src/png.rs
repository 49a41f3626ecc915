//! Pictures as PNG files.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};
use pynq::sim::device::Picture;

/// A picture of grey pixels, each of them four times as wide and high.
///
/// # Errors
///
/// None: what it writes to is memory.
pub fn encode(picture: &Picture) -> std::io::Result<Vec<u8>> {
    const SCALE: usize = 4;
    let width = usize::try_from(picture.width).unwrap_or(usize::MAX);
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in picture.data.chunks(width.max(1)) {
        let wide: Vec<u8> = row.iter().flat_map(|&pixel| [pixel; SCALE]).collect();
        for _ in 0..SCALE {
            // Each row begins with how it is coded: as it is.
            rows.write_all(&[0])?;
            rows.write_all(&wide)?;
        }
    }
    let mut header = Vec::new();
    for size in [picture.width, picture.height] {
        header.extend((size * 4).to_be_bytes());
    }
    // Eight bits, grey, and nothing special.
    header.extend([8, 0, 0, 0, 0]);
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
