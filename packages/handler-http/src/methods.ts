/** What HTTP says of a method (RFC 9110, 9.2): safe, idempotent, or neither. */
export function kindOf(method: string): 'safe' | 'idempotent' | 'neither' {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
      return 'safe'
    case 'PUT':
    case 'DELETE':
      return 'idempotent'
    default:
      return 'neither'
  }
}
