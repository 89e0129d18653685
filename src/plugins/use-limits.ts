import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  MaxIntrospectionDepthRule,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
  validate,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { ApiError } from '../errors.ts'
import {
  excessOf,
  type MeasuredQuery,
  measureQuery,
  type QueryLimits,
} from '../rules/query-cost.ts'
import { createDocumentCache } from './document-cache.ts'
import { parseDocument } from './parse-document.ts'

export interface LimitsOptions extends QueryLimits {
  /** Off in production, suggestions ("Did you mean") with it. */
  introspection: boolean
  executionTimeoutMs: number
}

/**
 * Bounds what one operation may make us do, at parse (tokens, depth, aliases, directives, cost), again
 * before execution where the cost depends on a variable, and by time. What passed is remembered by its
 * text; what failed never is, because error objects are written to on their way out.
 *
 * Only onParse, onValidate, onExecute and onSubscribe: the hooks that WebSocket runs too.
 */
export function useLimits(options: LimitsOptions): Plugin {
  const cache = createDocumentCache()
  const measured = new WeakMap<DocumentNode, MeasuredQuery>()
  const valid = new WeakSet<DocumentNode>()
  const rules = rulesFor(options.introspection)

  const beforeExecution = (args: ExecutionArgs): void => {
    if (!measured.get(args.document)?.variable) return
    const { schema, document, variableValues } = args
    const variables = variableValues as Record<string, unknown> | undefined
    refuseExcess(
      measureQuery(document, { schema, variables, introspection: options.introspection }),
      options,
    )
  }

  return {
    onParse({ params, setParsedDocument, setParseFn }) {
      const text = String(params.source)
      const known = cache.get(text)
      if (known) setParsedDocument(known)
      else setParseFn((source) => parseDocument(String(source), options.maxTokens))
    },
    onValidate({ params, setResult, setValidationFn }) {
      const { schema, documentAST } = params
      if (valid.has(documentAST)) {
        setResult([])
        return
      }
      // Before validation, whose own work it bounds.
      const size = measureQuery(documentAST, { schema, introspection: options.introspection })
      refuseExcess(size, options)
      setValidationFn(() => {
        const hideSuggestions = !options.introspection
        const errors = validate(schema, documentAST, rules, { maxErrors: 10, hideSuggestions })
        return errors.map(asLimit)
      })
      return ({ result }) => {
        if (result.length > 0) return
        valid.add(documentAST)
        measured.set(documentAST, size)
        cache.remember(documentAST)
      }
    },
    onExecute({ args, executeFn, setExecuteFn }) {
      beforeExecution(args)
      setExecuteFn((given) => within(executeFn(given), options.executionTimeoutMs))
    },
    onSubscribe({ args, subscribeFn, setSubscribeFn }) {
      beforeExecution(args)
      setSubscribeFn((given) => within(subscribeFn(given), options.executionTimeoutMs))
    },
  }
}

function refuseExcess(size: MeasuredQuery, limits: QueryLimits): void {
  const excess = excessOf(size, limits)
  if (excess) throw new ApiError('QUERY_TOO_COMPLEX', excess)
}

/** graphql gives up comparing fields that repeat by the hundred, and words it as any other error. */
function asLimit(error: GraphQLError): GraphQLError {
  if (error.message !== 'Validation aborted.') return error
  const message = 'The query repeats too many fields to be checked.'
  return new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX' } })
}

function rulesFor(introspection: boolean): readonly ValidationRule[] {
  const others = specifiedRules.filter((rule) => rule !== MaxIntrospectionDepthRule)
  return [...others, introspection ? introspectionDepth : NoSchemaIntrospectionCustomRule]
}

/** graphql's guard against circular introspection, reported as the limit that it is. */
function introspectionDepth(context: ValidationContext) {
  return MaxIntrospectionDepthRule({
    reportError: ({ message, nodes }: GraphQLError) =>
      context.reportError(
        new GraphQLError(message, {
          ...(nodes && { nodes }),
          extensions: { code: 'QUERY_TOO_COMPLEX' },
        }),
      ),
    getFragment: (name: string) => context.getFragment(name),
  } as ValidationContext)
}

/** The result, or an error after so many ms. Synchronous results cost no timer. */
function within<Result>(result: Result, ms: number): Result {
  if (!(result instanceof Promise)) return result
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      // Cost is bounded before: what still takes so long waits for a server that hangs.
      const message = `The answer took longer than ${ms / 1000} s.`
      reject(new ApiError('UNAVAILABLE', message, { retryAfter: 1 }))
    }, ms)
    result.then(resolve, reject).finally(() => clearTimeout(timer))
  }) as Result
}
