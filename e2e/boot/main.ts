// SPDX-License-Identifier: Apache-2.0
//
// Builds the disk of the device guest before tests want it: node e2e/boot/main.ts
import { buildDeviceGuest } from './device-guest.ts'

console.log(await buildDeviceGuest())
