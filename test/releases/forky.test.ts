import { defineReleaseTests } from './define-tests';

defineReleaseTests('forky');
