import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context, Entrance } from '../context.ts'
import { type MeteringParts, meter } from '../metering/meter.ts'
import { meteredFields } from '../rules/units.ts'
import { rootFieldsOf } from './use-access.ts'

/**
 * Reserves quota before a metered operation, and writes down what it cost before its answer leaves.
 *
 * One plugin for both, around the execution itself: split over two hooks, an operation that another
 * plugin refuses in between, or whose execution throws, would keep its quota for ever. It comes last,
 * so that a timeout set by another plugin ends within it. Subscriptions have no metered fields.
 */
export function useMetering(parts: MeteringParts): Plugin<Context> {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const { caller, endpoint } = args.contextValue as unknown as Context & Entrance
      const metered = meteredFields(rootFieldsOf(args), endpoint)
      if (metered.length === 0) return
      setExecuteFn((given: ExecutionArgs) =>
        meter(parts, { caller, metered }, () => executeFn(given) as PromiseLike<ExecutionResult>),
      )
    },
  }
}
