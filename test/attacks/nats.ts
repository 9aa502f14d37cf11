/** Attacks on NATS: subjects that must be refused, and what a reply subject can name. */

/** Refused with a permission error. */
export const NATS_PUBLISH: readonly string[] = [
  'sandbox.{a}.events.message.create',
  'sandbox.{a}.commands.x',
  'sandbox.{b}.events.message.create',
  'sandbox.{b}.app.x',
  'events.MESSAGE_CREATE',
  'events.raw.MESSAGE_CREATE',
  'commands.raw.x',
  'dlq.x',
  'router.fence',
  'router.sync',
  '$KV.ROUTERS.writer',
  '_INBOX_{b}.x',
  '_INBOX_bd_worker.x',
  '$JS.API.INFO',
  '$JS.API.STREAM.INFO.ROUTED',
  '$JS.API.STREAM.MSG.GET.ROUTED',
  '$JS.API.DIRECT.GET.ROUTED',
  '$JS.API.STREAM.PURGE.ROUTED',
  '$JS.API.STREAM.DELETE.ROUTED',
  '$JS.API.CONSUMER.CREATE.ROUTED.x',
  '$JS.API.CONSUMER.DURABLE.CREATE.ROUTED.sb_{a}',
  '$JS.API.CONSUMER.DELETE.ROUTED.sb_{a}',
  '$JS.API.CONSUMER.MSG.NEXT.ROUTED.sb_{b}',
  '$JS.API.CONSUMER.MSG.NEXT.ROUTED.sb_{a}',
  'SB.API.CONSUMER.MSG.NEXT.ROUTED.sb_{b}',
  'SB.API.CONSUMER.INFO.ROUTED.sb_{b}',
  'SB.API.CONSUMER.DELETE.ROUTED.sb_{a}',
  '$JS.ACK.ROUTED.sb_{b}.1.1.1.1.1',
  '$SYS.REQ.CLAIMS.UPDATE',
  '$SYS.REQ.CLAIMS.DELETE',
  '$SYS.REQ.CLAIMS.PACK',
  '$SYS.REQ.USER.AUTH',
  '$SYS.REQ.SERVER.PING',
];
/** A subject of its own that is allowed: the control of the above. */
export const NATS_PUBLISH_OWN = 'sandbox.{a}.app.x';

export const NATS_SUBSCRIBE: readonly string[] = [
  '>',
  '*.>',
  'sandbox.>',
  'sandbox.{a}.>',
  'sandbox.{a}.events.>',
  'sandbox.{b}.events.>',
  'sandbox.{b}.app.>',
  'events.>',
  'router.>',
  '_INBOX.>',
  '_INBOX_{b}.>',
  '_INBOX_bd_worker.>',
  '$JS.>',
  '$JS.ACK.>',
  '$SYS.>',
  '$SYS.REQ.USER.AUTH',
];

/** Whatever a reply could be aimed at, in the control account or a neighbour's. */
export const REPLY_TARGETS: readonly string[] = [
  'sandbox.{a}.events.forged',
  'sandbox.{b}.events.forged',
  'sandbox.{b}.commands.forged',
  'sandbox.{b}.app.forged',
  'events.forged',
  'commands.forged',
  'events.raw.forged',
  'dlq.forged',
  'router.fence',
  'router.sync',
  'router.alive.x',
  '$KV.ROUTERS.forged',
  '$JS.API.STREAM.PURGE.ROUTED',
  '$JS.API.STREAM.INFO.ROUTED',
  '$JS.ACK.ROUTED.sb_{b}.1.1.1.1.1',
  '_INBOX_{b}.forged',
  '_INBOX_bd_worker.forged',
  '_INBOX_bd_client.forged',
  '$SYS.REQ.CLAIMS.PACK',
  '$SYS.REQ.USER.AUTH',
];

/** Requests whose answer the server publishes; the last one acknowledges and asks for the next. */
export const REPLY_REQUESTS: readonly (readonly [string, string])[] = [
  ['SB.API.CONSUMER.INFO.ROUTED.sb_{a}', ''],
  ['SB.API.CONSUMER.MSG.NEXT.ROUTED.sb_{a}', '{"no_wait":true}'],
  ['SB.API.CONSUMER.MSG.NEXT.ROUTED.sb_{a}', 'not JSON'],
  ['$JS.ACK.ROUTED.sb_{a}.1.1.1.1.1', '+NXT {"no_wait":true}'],
];
