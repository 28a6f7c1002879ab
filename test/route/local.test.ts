import assert from 'node:assert/strict';
import { isNetwork, LocalNetworks } from '../../src/privacy/local-networks.ts';
import { mustStayLocal, notLocal } from '../../src/route/local.ts';

const networks = new LocalNetworks();
const to = (url: string | null, model: string | null = 'm', staysLocal = true) =>
  notLocal({ runner: 'r', staysLocal, url, model }, networks)?.code ?? null;

describe('a task that must stay on this machine', () => {
  it('is one that says so or is sensitive', () => {
    assert.equal(mustStayLocal({ sensitive: true, options: {} }), true);
    assert.equal(mustStayLocal({ sensitive: false, options: { local_only: true } }), true);
    assert.equal(mustStayLocal({ sensitive: false, options: {} }), false);
  });

  for (const url of [
    'http://127.0.0.1:11434',
    'http://127.8.9.1',
    'http://[::1]:1234/v1',
    'https://localhost',
    'http://2130706433:11434',
    'http://0x7f.0.0.1',
    'http://[::ffff:127.0.0.1]',
  ]) {
    it(`may go to ${url}`, () => assert.equal(to(url), null));
  }

  for (const url of [
    'http://10.0.0.1',
    'http://0.0.0.0:11434',
    'http://[fd00::1]',
    'http://[::ffff:10.0.0.1]',
    'http://[64:ff9b::7f00:1]',
    'http://127.0.0.1@10.0.0.1/v1',
    'http://167772161',
    'http://[::]:11434',
    'http://2130706434.1',
    'not a url',
  ]) {
    it(`may not go to ${url}`, () => assert.equal(to(url), 'not_local'));
  }

  it('may not be done by a model that the local server only passes on', () => {
    for (const model of [
      'gpt-oss:120b-cloud',
      'kimi:cloud',
      'Kimi:CLOUD',
      'kimi-cloud:latest',
      ' x:cloud ',
    ]) {
      assert.equal(to('http://127.0.0.1', model), 'not_local', model);
    }
    for (const model of ['cloudy:7b', 'cloud', 'my-cloud:7b', 'soundcloud']) {
      assert.equal(to('http://127.0.0.1', model), null, model);
    }
  });

  it('may not be given to a program that nobody can hold', () => {
    assert.equal(to(null, null, false), 'not_local');
    assert.equal(to('http://127.0.0.1', 'm', false), 'not_local');
  });
});

describe('a refusal', () => {
  const destination = { runner: 'r', staysLocal: true, url: 'http://10.0.0.1', model: 'm' };

  it('says why the task must stay, where it would have gone, and what would be allowed', () => {
    const lan = new LocalNetworks(['192.168.4.0/22']);
    assert.equal(
      notLocal(destination, lan, 'it holds "token" with a value')?.message,
      'The task must stay on this machine (it holds "token" with a value), and http://10.0.0.1 is not in 127.0.0.0/8, ::1/128, 192.168.4.0/22; nothing was sent.',
    );
  });

  it('does not come for a network that is named', () => {
    assert.equal(notLocal(destination, new LocalNetworks(['10.0.0.0/8'])), null);
  });
});

describe('local networks', () => {
  it('are loopback always, whatever is named besides', () => {
    for (const here of [new LocalNetworks(), new LocalNetworks(['10.0.0.0/8'])]) {
      assert.ok(here.has('127.0.0.1') && here.has('::1'));
      assert.ok(!here.has('192.168.0.1'));
    }
  });

  it('are asked for addresses of both families, mapped ones and ones with a zone too', () => {
    const here = new LocalNetworks(['192.168.4.0/22', 'fd00::/8', '10.1.2.3']);
    for (const address of [
      '127.255.0.1',
      '::1',
      '192.168.7.255',
      'fdab::1',
      'fdab::1%eth0',
      '10.1.2.3',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:192.168.5.1',
    ]) {
      assert.equal(here.has(address), true, address);
    }
    for (const address of [
      '128.0.0.1',
      '::2',
      '192.168.8.0',
      'fe80::1',
      '10.1.2.4',
      '::ffff:8.8.8.8',
      '::ffff:808:808',
      '::127.0.0.1',
      'localhost',
      '',
    ]) {
      assert.equal(here.has(address), false, address);
    }
  });

  it('are written as address and bits', () => {
    for (const good of ['10.0.0.0/8', '::1/128', '10.0.0.1', '0.0.0.0/0'])
      assert.equal(isNetwork(good), true, good);
    for (const bad of ['10.0.0.0/33', '::/129', 'lan', '10.0.0/8', '', '10.0.0.0/', '10.0.0.0/8 ']) {
      assert.equal(isNetwork(bad), false, bad);
    }
  });
});
