//! Memory of the evaluated program: regions of a 64-bit address space, every access checked.
//!
//! A region has exact bounds and a protection; pages of 4 KiB come into being when touched. A small cache of page
//! translations keeps accesses to whole pages fast; accesses to a region's partial last page are checked byte for byte.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

/// Bytes of a page.
pub const PAGE_SIZE: u64 = 4096;
/// Entries of the translation cache; a power of two.
const CACHE_SIZE: usize = 1024;
/// The first address given to a mapping without address.
const FIRST_MAPPING: u64 = 0x7000_0000_0000;
/// The end of user addresses.
const LAST_MAPPING: u64 = 0x7FFF_FFFF_F000;

/// What may be done with a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Protection {
    /// It may be read.
    pub read: bool,
    /// It may be written.
    pub write: bool,
}

/// An access that the program may not make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemoryFault {
    /// The first byte.
    pub address: u64,
    /// The number of bytes.
    pub size: u64,
    /// It is a write.
    pub write: bool,
    /// The region that holds the first byte, or what lies near.
    pub place: String,
}

#[derive(Clone, Debug)]
struct Region {
    end: u64,
    protection: Protection,
    name: String,
}

#[derive(Clone, Copy)]
struct CacheEntry {
    /// Page number, or `u64::MAX`.
    page: u64,
    storage: u32,
    writable: bool,
}

const NOTHING_CACHED: CacheEntry = CacheEntry {
    page: u64::MAX,
    storage: 0,
    writable: false,
};

/// The address space.
pub struct Memory {
    /// Regions by their first address; disjoint.
    regions: BTreeMap<u64, Region>,
    /// Storage of each touched page by page number.
    pages: FxHashMap<u64, u32>,
    storage: Vec<Box<[u8; PAGE_SIZE as usize]>>,
    free: Vec<u32>,
    cache: Vec<CacheEntry>,
}

impl Protection {
    /// No access.
    pub const NONE: Protection = Protection {
        read: false,
        write: false,
    };
    /// Reads only.
    pub const READ: Protection = Protection {
        read: true,
        write: false,
    };
    /// Reads and writes.
    pub const READ_WRITE: Protection = Protection {
        read: true,
        write: true,
    };
}

impl std::fmt::Display for MemoryFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verb = if self.write { "write" } else { "read" };
        write!(
            f,
            "{verb} of {} bytes at {:#x}: {}",
            self.size, self.address, self.place
        )
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            regions: BTreeMap::new(),
            pages: FxHashMap::default(),
            storage: Vec::new(),
            free: Vec::new(),
            cache: vec![NOTHING_CACHED; CACHE_SIZE],
        }
    }
}

impl Memory {
    /// Adds a region of exactly `size` zero bytes at a fixed address; `base` is a multiple of the page size and the pages are free.
    pub fn add_region(&mut self, name: &str, base: u64, size: u64, protection: Protection) {
        self.regions.insert(
            base,
            Region {
                end: base + size,
                protection,
                name: name.to_owned(),
            },
        );
    }

    /// Maps pages at `hint` when these are free, else where there is room. Answers the address, or `None` when nothing is free.
    pub fn map(&mut self, hint: u64, size: u64, protection: Protection) -> Option<u64> {
        let size = size.checked_next_multiple_of(PAGE_SIZE)?;
        let base = if hint != 0 && hint.is_multiple_of(PAGE_SIZE) && self.is_free(hint, size) {
            hint
        } else {
            self.find_room(size)?
        };
        self.add_region("mapping", base, size, protection);
        Some(base)
    }

    /// Maps pages at exactly `base`, replacing what is there.
    pub fn map_fixed(&mut self, base: u64, size: u64, protection: Protection) -> Option<u64> {
        let size = size.checked_next_multiple_of(PAGE_SIZE)?;
        base.checked_add(size)?;
        self.unmap(base, size);
        self.add_region("mapping", base, size, protection);
        Some(base)
    }

    /// Removes whole pages from all regions.
    pub fn unmap(&mut self, base: u64, size: u64) {
        let Some(size) = size.checked_next_multiple_of(PAGE_SIZE) else {
            return;
        };
        let end = base.saturating_add(size);
        self.split(base);
        self.split(end);
        let gone: Vec<u64> = self
            .regions
            .range(base..end)
            .map(|(&start, _)| start)
            .collect();
        for start in gone {
            self.regions.remove(&start);
        }
        self.discard(base, end);
    }

    /// Drops the contents of whole pages: they read as zero again.
    pub fn discard(&mut self, base: u64, end: u64) {
        let (first, last) = (base / PAGE_SIZE, end / PAGE_SIZE);
        let touched: Vec<u64> = if ((last - first) as usize) < self.pages.len() {
            (first..last)
                .filter(|page| self.pages.contains_key(page))
                .collect()
        } else {
            self.pages
                .keys()
                .copied()
                .filter(|page| (first..last).contains(page))
                .collect()
        };
        for page in touched {
            if let Some(storage) = self.pages.remove(&page) {
                self.free.push(storage);
            }
        }
        self.flush();
    }

    /// Changes the protection of whole pages; false when some of them are not mapped.
    pub fn protect(&mut self, base: u64, size: u64, protection: Protection) -> bool {
        let Some(end) = size
            .checked_next_multiple_of(PAGE_SIZE)
            .and_then(|size| base.checked_add(size))
        else {
            return false;
        };
        self.split(base);
        self.split(end);
        let mut next = base;
        for (&start, region) in self.regions.range_mut(base..end) {
            if start != next {
                return false;
            }
            region.protection = protection;
            next = region.end;
        }
        self.flush();
        next >= end
    }

    /// Reads `N` bytes.
    ///
    /// # Errors
    /// Some byte may not be read.
    #[inline]
    pub fn read<const N: usize>(&mut self, address: u64) -> Result<[u8; N], MemoryFault> {
        let page = address / PAGE_SIZE;
        let offset = (address % PAGE_SIZE) as usize;
        let entry = self.cache[page as usize % CACHE_SIZE];
        if entry.page == page && offset + N <= PAGE_SIZE as usize {
            let mut bytes = [0; N];
            bytes.copy_from_slice(&self.storage[entry.storage as usize][offset..offset + N]);
            return Ok(bytes);
        }
        let mut bytes = [0; N];
        self.read_slowly(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes `N` bytes.
    ///
    /// # Errors
    /// Some byte may not be written; none is then.
    #[inline]
    pub fn write<const N: usize>(
        &mut self,
        address: u64,
        bytes: [u8; N],
    ) -> Result<(), MemoryFault> {
        let page = address / PAGE_SIZE;
        let offset = (address % PAGE_SIZE) as usize;
        let entry = self.cache[page as usize % CACHE_SIZE];
        if entry.page == page && entry.writable && offset + N <= PAGE_SIZE as usize {
            self.storage[entry.storage as usize][offset..offset + N].copy_from_slice(&bytes);
            return Ok(());
        }
        self.write_slice(address, &bytes)
    }

    /// Reads `size` bytes.
    ///
    /// # Errors
    /// Some byte may not be read.
    pub fn read_vec(&mut self, address: u64, size: u64) -> Result<Vec<u8>, MemoryFault> {
        self.check(address, size, false)?;
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
        self.read_slowly(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// Some byte may not be written; none is then.
    pub fn write_slice(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryFault> {
        self.check(address, bytes.len() as u64, true)?;
        self.put(address, bytes);
        Ok(())
    }

    /// Copies `size` bytes as if through a buffer.
    ///
    /// # Errors
    /// Some byte may not be read or written.
    pub fn copy(&mut self, to: u64, from: u64, size: u64) -> Result<(), MemoryFault> {
        self.check(to, size, true)?;
        let bytes = self.read_vec(from, size)?;
        self.put(to, &bytes);
        Ok(())
    }

    /// Fills `count` times with `bytes`.
    ///
    /// # Errors
    /// Some byte may not be written.
    pub fn fill(&mut self, to: u64, bytes: &[u8], count: u64) -> Result<(), MemoryFault> {
        let size = count.saturating_mul(bytes.len() as u64);
        self.check(to, size, true)?;
        let chunk: Vec<u8> = bytes
            .iter()
            .copied()
            .cycle()
            .take(PAGE_SIZE as usize)
            .collect();
        let mut done = 0;
        while done < size {
            let part = (size - done).min(PAGE_SIZE);
            self.put(to + done, &chunk[..part as usize]);
            done += part;
        }
        Ok(())
    }

    /// Writes without regard to protection: the loader's way.
    pub fn put(&mut self, address: u64, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let at = address + done as u64;
            let offset = (at % PAGE_SIZE) as usize;
            let part = (PAGE_SIZE as usize - offset).min(bytes.len() - done);
            let storage = self.touch(at / PAGE_SIZE);
            self.storage[storage as usize][offset..offset + part]
                .copy_from_slice(&bytes[done..done + part]);
            done += part;
        }
    }

    /// Checks that all bytes may be accessed.
    ///
    /// # Errors
    /// One may not.
    pub fn check(&self, address: u64, size: u64, write: bool) -> Result<(), MemoryFault> {
        let fault = |place| {
            Err(MemoryFault {
                address,
                size,
                write,
                place,
            })
        };
        let Some(end) = address.checked_add(size) else {
            return fault("beyond the address space".into());
        };
        let mut next = address;
        while next < end {
            let Some((&start, region)) = self
                .regions
                .range(..=next)
                .next_back()
                .filter(|(_, region)| next < region.end)
            else {
                return fault(self.describe(next));
            };
            if !(if write {
                region.protection.write
            } else {
                region.protection.read
            }) {
                return fault(format!(
                    "in protected {} of {:#x}..{:#x}",
                    region.name, start, region.end
                ));
            }
            next = region.end;
        }
        Ok(())
    }

    /// Where an address lies, for messages.
    pub fn describe(&self, address: u64) -> String {
        if address < PAGE_SIZE {
            return "null plus a small offset".into();
        }
        match self.regions.range(..=address).next_back() {
            Some((start, region)) if address < region.end => {
                format!("in {} + {:#x}", region.name, address - start)
            }
            Some((_, region)) => format!(
                "{:#x} bytes behind the end of {}",
                address - region.end,
                region.name
            ),
            None => "below every region".into(),
        }
    }

    fn read_slowly(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryFault> {
        self.check(address, bytes.len() as u64, false)?;
        let mut done = 0;
        while done < bytes.len() {
            let at = address + done as u64;
            let offset = (at % PAGE_SIZE) as usize;
            let part = (PAGE_SIZE as usize - offset).min(bytes.len() - done);
            let storage = self.touch(at / PAGE_SIZE);
            bytes[done..done + part]
                .copy_from_slice(&self.storage[storage as usize][offset..offset + part]);
            done += part;
        }
        Ok(())
    }

    /// The storage of a page, which is entered into the cache when all of it may be accessed alike.
    fn touch(&mut self, page: u64) -> u32 {
        let storage = match self.pages.get(&page) {
            Some(&storage) => storage,
            None => self.new_page(page),
        };
        let base = page * PAGE_SIZE;
        let region = self
            .regions
            .range(..=base)
            .next_back()
            .map(|(_, region)| region);
        if let Some(region) =
            region.filter(|region| region.end >= base + PAGE_SIZE && region.protection.read)
        {
            self.cache[page as usize % CACHE_SIZE] = CacheEntry {
                page,
                storage,
                writable: region.protection.write,
            };
        }
        storage
    }

    fn new_page(&mut self, page: u64) -> u32 {
        let storage = match self.free.pop() {
            Some(storage) => {
                self.storage[storage as usize].fill(0);
                storage
            }
            None => {
                self.storage.push(Box::new([0; PAGE_SIZE as usize]));
                u32::try_from(self.storage.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.pages.insert(page, storage);
        storage
    }

    fn flush(&mut self) {
        self.cache.fill(NOTHING_CACHED);
    }

    /// Makes a region boundary at `address`.
    fn split(&mut self, address: u64) {
        let Some((_, region)) = self.regions.range_mut(..address).next_back() else {
            return;
        };
        if address >= region.end {
            return;
        }
        let upper = region.clone();
        region.end = address;
        self.regions.insert(address, upper);
    }

    fn is_free(&self, base: u64, size: u64) -> bool {
        let Some(end) = base.checked_add(size) else {
            return false;
        };
        end <= LAST_MAPPING
            && self
                .regions
                .range(..end)
                .next_back()
                .is_none_or(|(_, region)| region.end <= base)
    }

    /// The lowest gap that is large enough, one free page kept between mappings.
    fn find_room(&self, size: u64) -> Option<u64> {
        let mut base = FIRST_MAPPING;
        for (&start, region) in self.regions.range(FIRST_MAPPING..) {
            if base.checked_add(size)? < start {
                break;
            }
            base = region.end.next_multiple_of(PAGE_SIZE) + PAGE_SIZE;
        }
        self.is_free(base, size).then_some(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_behind_a_region_is_refused_though_its_page_exists() {
        let mut memory = Memory::default();
        memory.add_region("state", 0x10000, 20, Protection::READ_WRITE);
        assert_eq!(memory.write(0x10008, 7_u64.to_le_bytes()), Ok(()));
        assert_eq!(memory.read(0x10008).map(u64::from_le_bytes), Ok(7));
        let fault = memory.read::<8>(0x1000F).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "read of 8 bytes at 0x1000f: 0x0 bytes behind the end of state"
        );
    }

    #[test]
    fn protection_changes_take_effect_on_pages_already_in_use() {
        let mut memory = Memory::default();
        let base = memory
            .map(0, 3 * PAGE_SIZE, Protection::READ_WRITE)
            .unwrap();
        assert_eq!(memory.write(base + PAGE_SIZE, [1]), Ok(()));
        assert!(memory.protect(base + PAGE_SIZE, PAGE_SIZE, Protection::READ));
        assert!(memory.write(base + PAGE_SIZE, [2]).is_err());
        assert_eq!(memory.read(base + PAGE_SIZE), Ok([1]));
        assert_eq!(memory.write(base, [3]), Ok(()));
        memory.unmap(base, PAGE_SIZE);
        assert!(memory.read::<1>(base).is_err());
        assert_eq!(memory.read(base + 2 * PAGE_SIZE), Ok([0]));
    }

    #[test]
    fn a_hint_is_taken_when_free_and_mappings_never_touch() {
        let mut memory = Memory::default();
        assert_eq!(
            memory.map(0x4000_0000, 1, Protection::READ),
            Some(0x4000_0000)
        );
        let first = memory.map(0x4000_0000, 1, Protection::READ).unwrap();
        let second = memory.map(0, 1, Protection::READ).unwrap();
        assert_ne!(first, 0x4000_0000);
        assert!(second >= first + 2 * PAGE_SIZE);
    }

    #[test]
    fn accesses_across_pages_see_both() {
        let mut memory = Memory::default();
        let base = memory
            .map(0, 2 * PAGE_SIZE, Protection::READ_WRITE)
            .unwrap();
        let across = base + PAGE_SIZE - 3;
        memory
            .write(across, 0x1122_3344_5566_7788_u64.to_le_bytes())
            .unwrap();
        assert_eq!(
            memory.read(across).map(u64::from_le_bytes),
            Ok(0x1122_3344_5566_7788)
        );
        assert_eq!(
            memory.read(base + PAGE_SIZE).map(u8::from_le_bytes),
            Ok(0x55)
        );
        memory.copy(across + 1, across, 8).unwrap();
        assert_eq!(
            memory.read(across + 1).map(u64::from_le_bytes),
            Ok(0x1122_3344_5566_7788)
        );
    }
}
