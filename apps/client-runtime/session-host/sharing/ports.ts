// SPDX-License-Identifier: Apache-2.0

/** Where a guest finds what its session serves: ports of its gateway's address, 10.0.2.2. Shared folders follow each other from `folders` on. */
export const guestPorts = { printer: 9100, guestInfo: 5630, folders: 5640 } as const
export const MOST_FOLDERS = 8
