import { storeContract } from '@product-updates/repository/contract';
import { wireContract } from './wire-contract.ts';

storeContract(wireContract());
