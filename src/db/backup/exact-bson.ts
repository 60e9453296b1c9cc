import { mongo } from 'mongoose';

const { BSON } = mongo;

/** Reads a document so that writing it gives the same bytes: numbers keep their kinds. */
export const fromBytes = (bytes: Uint8Array): mongo.Document =>
  BSON.deserialize(bytes, { promoteValues: false, promoteBuffers: false, bsonRegExp: true });

/** Writes a document as BSON. */
export const toBytes = (document: mongo.Document): Uint8Array => BSON.serialize(document);
