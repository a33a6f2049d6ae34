// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineDesktops } from './desktop.ts'
import type { defineOrganisations, defineUsers } from './organisation.ts'

/** Enrolled computers, each with keys of its own. */
export function defineDevices(kit: ColumnKit, organisations: ReturnType<typeof defineOrganisations>) {
  return kit.table(
    'devices',
    {
      id: kit.text().primaryKey(),
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      name: kit.text().notNull(),
      /** RFC 7638 thumbprint of `signingKey`. */
      jkt: kit.text().notNull(),
      /** Public JWKs, P-256. */
      signingKey: kit.json().notNull(),
      agreementKey: kit.json().notNull(),
      /** As verified at enrolment, never as claimed later. */
      assurance: kit.text({ enum: ['software', 'tpm'] }).notNull(),
      state: kit.text({ enum: ['active', 'suspended', 'revoked'] }).notNull(),
      /** Why it is not active, for the user. */
      stateReason: kit.text(),
      /** What its leases claim: user name (null: nobody's in particular), names of groups, names of tags. */
      userName: kit.text(),
      groups: kit.json().notNull(),
      tags: kit.json().notNull(),
      runtimeVersion: kit.text(),
      /** As last reported: untrusted. */
      facts: kit.json(),
      /** What it runs, with what was decided and what was observed there, as last reported. */
      sessions: kit.json(),
      /** Rises with everything that changes for the device; another number than it has seen wakes it. */
      change: kit.integer().notNull().default(0),
      enrolledAt: kit.timestamp().notNull(),
      lastSeenAt: kit.timestamp(),
    },
    (table) => [kit.uniqueIndex('devices_jkt').on(table.jkt), kit.index('devices_organisation').on(table.organisationId, table.name)],
  )
}

export function defineEnrolmentCodes(
  kit: ColumnKit,
  organisations: ReturnType<typeof defineOrganisations>,
  users: ReturnType<typeof defineUsers>,
  devices: ReturnType<typeof defineDevices>,
) {
  return kit.table(
    'enrolment_codes',
    {
      id: kit.text().primaryKey(),
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      /** SHA-256 of the one-time secret, hexadecimal. */
      secretHash: kit.text().notNull(),
      /** What the device's leases will claim. */
      userName: kit.text(),
      groups: kit.json().notNull(),
      tags: kit.json().notNull(),
      createdBy: kit
        .text()
        .notNull()
        .references(() => users.id),
      createdAt: kit.timestamp().notNull(),
      expiresAt: kit.timestamp().notNull(),
      revokedAt: kit.timestamp(),
      usedAt: kit.timestamp(),
      deviceId: kit.text().references(() => devices.id),
    },
    (table) => [kit.uniqueIndex('enrolment_codes_secret').on(table.secretHash), kit.index('enrolment_codes_organisation').on(table.organisationId)],
  )
}

/**
 * The newest lease of each device; its `seq` only rises. Numbers are taken before a lease is signed: one whose answer was lost is
 * followed by the next. The token itself is not kept, since it holds package keys.
 */
export function defineLeases(kit: ColumnKit, devices: ReturnType<typeof defineDevices>) {
  return kit.table('leases', {
    deviceId: kit
      .text()
      .primaryKey()
      .references(() => devices.id),
    seq: kit.integer().notNull(),
    /** Of the request that it answered, and the `seq` that this request had shown. */
    nonce: kit.text().notNull(),
    follows: kit.integer().notNull(),
    action: kit.text({ enum: ['run', 'suspend'] }).notNull(),
    issuedAt: kit.timestamp().notNull(),
    expiresAt: kit.timestamp().notNull(),
  })
}

/** Desktops activated on devices. */
export function defineInstances(kit: ColumnKit, devices: ReturnType<typeof defineDevices>, desktops: ReturnType<typeof defineDesktops>) {
  return kit.table(
    'instances',
    {
      deviceId: kit
        .text()
        .notNull()
        .references(() => devices.id),
      /** As the device named it. */
      name: kit.text().notNull(),
      desktopId: kit
        .text()
        .notNull()
        .references(() => desktops.id),
      userName: kit.text(),
      state: kit.text({ enum: ['active', 'deactivated'] }).notNull(),
      activatedAt: kit.timestamp().notNull(),
      endedAt: kit.timestamp(),
      /** Of the release that it last said it runs; the wanted one is the newest published. */
      appliedSerial: kit.integer(),
    },
    (table) => [kit.primaryKey({ columns: [table.deviceId, table.name] }), kit.index('instances_desktop').on(table.desktopId)],
  )
}

/** Shares of an instance's key as its device made them, sealed to administrators: those of the newest split only. */
export function defineEscrowShares(kit: ColumnKit, devices: ReturnType<typeof defineDevices>) {
  return kit.table(
    'escrow_shares',
    {
      deviceId: kit
        .text()
        .notNull()
        .references(() => devices.id),
      /** As the device named it. */
      instance: kit.text().notNull(),
      /** From 1. */
      index: kit.integer().notNull(),
      split: kit.text().notNull(),
      /** Thumbprint of the administrator's key. */
      kid: kit.text().notNull(),
      threshold: kit.integer().notNull(),
      resetSeq: kit.integer().notNull(),
      /** JSON, as it came. */
      share: kit.bytes().notNull(),
      receivedAt: kit.timestamp().notNull(),
    },
    (table) => [kit.primaryKey({ columns: [table.deviceId, table.instance, table.index] })],
  )
}
