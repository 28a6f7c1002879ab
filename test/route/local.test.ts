import assert from 'node:assert/strict';
import { mustStayLocal, notLocal } from '../../src/route/local.ts';

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
  ]) {
    it(`may go to ${url}`, () => assert.equal(notLocal({ url, model: 'm' }), null));
  }

  for (const url of [
    'http://10.0.0.1',
    'https://api.openai.com/v1',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://127.0.0.1@example.com',
    'not a url',
  ]) {
    it(`may not go to ${url}`, () => assert.equal(notLocal({ url, model: 'm' })?.code, 'not_local'));
  }

  it('may not be done by a model that the local server only passes on', () => {
    for (const model of ['gpt-oss:120b-cloud', 'kimi:cloud']) {
      assert.equal(notLocal({ url: 'http://127.0.0.1', model })?.code, 'not_local');
    }
    assert.equal(notLocal({ url: 'http://127.0.0.1', model: 'cloudy:7b' }), null);
  });

  it('may be a program', () => assert.equal(notLocal({ url: null, model: null }), null));
});
