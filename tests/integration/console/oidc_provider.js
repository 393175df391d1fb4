// A real provider (oidc-provider) for the test of signing in: node oidc_provider.js PORT CLIENT SECRET BACK
const { Provider } = require('oidc-provider');
const [port, client, secret, back] = process.argv.slice(2);
const PEOPLE = {
  binh: { preferred_username: 'Binh', name: 'Trần Thị Bình', groups: ['truc', 'khac'] },
  duyet: { preferred_username: 'duyet', name: 'Lê Duyệt', groups: ['truc', 'duyet'] },
  khach: { preferred_username: 'khach', name: 'Khách', groups: ['khac'] },
  tudau: { preferred_username: 'root', name: 'Ai đó', groups: ['truc'] },
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: client, client_secret: secret, redirect_uris: [back],
    grant_types: ['authorization_code'], response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...PEOPLE[id] }) }),
  cookies: { keys: ['khoa-cua-phep-thu'] },
});
provider.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
