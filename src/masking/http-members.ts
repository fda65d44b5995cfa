import { dataOf, intrinsic, isAccessor, isObject, propertyOf, prototypesOf } from './read.js'

/**
 * Where HTTP clients leave what they sent, got and were told: axios, got, ky, octokit, superagent, the AWS SDK. And the sign
 * by which retries look there: without a response they would take any answer for none.
 */
const HTTP_NAMES = ['config', 'options', 'request', 'req', 'response', 'res', '$response', 'isAxiosError']

/** Whether `httpOf` stands for an error's member of this name. */
export const isHttpName = (name: string): boolean => HTTP_NAMES.includes(name)

/** What may be told of an HTTP exchange. */
export interface HttpMembers {
  readonly method: string | undefined
  /** Without user, password, query and fragment. */
  readonly url: string | undefined
  readonly status: number | undefined
}

/** `undefined` for errors that are no HTTP client's. */
export function httpOf(error: object): HttpMembers | undefined {
  const response = partOf(error, 'response') ?? partOf(error, 'res') ?? partOf(error, '$response')
  const request = partOf(error, 'request') ?? partOf(error, 'req') ?? partOf(response, 'request')
  const config = partOf(error, 'config') ?? partOf(error, 'options') ?? partOf(response, 'config')
  const method = textIn(config, 'method') ?? textIn(request, 'method')
  const url = urlIn(config) ?? urlIn(request) ?? urlIn(response)
  const status = numberIn(response, 'status') ?? numberIn(response, 'statusCode')
  return (method ?? url ?? status) === undefined ? undefined : { method, url, status }
}

function urlIn(source: object | undefined): string | undefined {
  const url = textIn(source, 'url') ?? textIn(source, 'requestUrl')
  const base = textIn(source, 'baseURL')
  if (url !== undefined && base !== undefined && !ABSOLUTE.test(url)) {
    return locationOf(`${base.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}`)
  }
  if (url !== undefined || base !== undefined) return locationOf(url ?? base ?? '')
  // Node's ClientRequest.
  const [host, path] = [textIn(source, 'host'), textIn(source, 'path')]
  return host && path && locationOf(`${textIn(source, 'protocol') ?? 'http:'}//${host}${path}`)
}

const ABSOLUTE = /^(?:[a-z][a-z0-9+.-]*:)?\/\//i
/** A host that no URL has: for those without one. */
const NO_HOST = 'none.invalid'

/** Nothing of what is no URL: of `https://user:pa/ss@host` no part is safe. */
function locationOf(url: string): string | undefined {
  try {
    const { protocol, host, pathname } = new URL(url, `http://${NO_HOST}`)
    if (host === NO_HOST) return pathname
    return host === '' ? undefined : `${protocol}//${host}${pathname}`
  } catch {
    return undefined
  }
}

function partOf(source: object | undefined, name: string): object | undefined {
  const value = source && dataOf(source, name)
  return isObject(value) ? value : undefined
}

/** Own data, or what the getters of Request and Response say; a URL as its text. */
function fieldIn(source: object | undefined, name: string): unknown {
  if (source === undefined) return undefined
  const own = propertyOf(source, name)
  const value = own ? own.value : inheritedIn(source, name)
  return isObject(value) ? intrinsic(globalThis.URL?.prototype, 'href', value) : value
}

/** Looks for a getter first: on Node the mere mention of `Request` takes 40 ms to load it. */
function inheritedIn(source: object, name: string): unknown {
  const getters = prototypesOf(source).map((prototype) => propertyOf(prototype, name))
  if (!getters.some((property) => property !== undefined && isAccessor(property))) return undefined
  return (
    intrinsic(globalThis.Request?.prototype, name, source) ??
    intrinsic(globalThis.Response?.prototype, name, source)
  )
}

function textIn(source: object | undefined, name: string): string | undefined {
  const value = fieldIn(source, name)
  return typeof value === 'string' ? value : undefined
}

function numberIn(source: object | undefined, name: string): number | undefined {
  const value = fieldIn(source, name)
  return typeof value === 'number' ? value : undefined
}
