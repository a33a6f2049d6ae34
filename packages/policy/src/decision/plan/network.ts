// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'

const protocol = z.enum(['tcp', 'udp', 'icmp'])
const cidr = z.union([z.cidrv4(), z.cidrv6()])
/** Inclusive; null for icmp and for every port. */
const ports = z.tuple([z.int().min(1).max(65_535), z.int().min(1).max(65_535)]).nullable()

const networkRule = z.strictObject({ protocol, cidr, ports })

/** Of the addresses that the guest was told for the name. */
const domainRule = z.strictObject({ protocol, domain: z.string().min(1).max(253), within: cidr.optional(), ports })

const domainRules = z.array(domainRule).max(1000).optional()

/** Of the host's own addresses but loopback and link-local. */
const hostRules = z.array(z.strictObject({ protocol, ports })).max(1000)

/** Whatever is allowed. */
const deny = z.array(networkRule).max(1000).optional()

const lan = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/)

/** On which network the guest is, and which servers it may reach; whatever is not listed is refused. */
export const plannedNetwork = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({
    mode: z.literal('listed'),
    allow: z.array(networkRule).max(1000),
    allowDomains: domainRules,
    allowHost: hostRules.optional(),
    deny,
    denyDomains: domainRules,
  }),
  z.strictObject({ mode: z.literal('host-only'), allowHost: hostRules, deny }),
  /** Of the session hosts of one daemon, those that name it; nothing leads out of it. */
  z.strictObject({ mode: z.literal('isolated'), lan }),
])
