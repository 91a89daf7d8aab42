/** A certificate that nobody trusts, and its key: for a server of tests on loopback, and for nothing else. */
export const untrusted = {
  key: [
    '-----BEGIN PRIVATE KEY-----',
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTH1U1jpkPAy89kIF',
    'tSTKanszBtUJGRpBaBb6d9qeiuWhRANCAAR/kf0sc5txkoOMLr6/smW9g21ns3Of',
    'S2ExMjw6qtjUura/E+bW03niTfAOFbUo1CiUEjVmny55MPGPMrnFEhjW',
    '-----END PRIVATE KEY-----',
  ].join('\n'),
  cert: [
    '-----BEGIN CERTIFICATE-----',
    'MIIBmjCCAUGgAwIBAgIUViXjqwszrdwofnBIZQ+xuw3GxX4wCgYIKoZIzj0EAwIw',
    'FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTEwNTkyM1oYDzIxMjYxMTA1',
    'MTA1OTIzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO',
    'PQMBBwNCAAR/kf0sc5txkoOMLr6/smW9g21ns3OfS2ExMjw6qtjUura/E+bW03ni',
    'TfAOFbUo1CiUEjVmny55MPGPMrnFEhjWo28wbTAdBgNVHQ4EFgQUiWRCl+HLR9Nu',
    'eH3ynUk0ExQ0SmAwHwYDVR0jBBgwFoAUiWRCl+HLR9NueH3ynUk0ExQ0SmAwDwYD',
    'VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI',
    'zj0EAwIDRwAwRAIgXtMCl7eea7Eb+pBio4HclZkehAXVgB4m6h/Gw7S60kQCIDs/',
    'vMRAVtxGjqWnm4DN1ztfkQqBRFtgq7W4eXS3qCyH',
    '-----END CERTIFICATE-----',
  ].join('\n'),
}
