import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { file_google_rpc_error_details } from '../../../gen/google/rpc/error_details_pb.ts';
import { file_grpc_health_v1_health } from '../../../gen/grpc/health/v1/health_pb.ts';
import type { ServedService } from '../contract.ts';

/** Reflection v1 and v1alpha over all served services, so that grpcurl and its like need no proto files. */
export function addReflection(server: Server, services: readonly ServedService[]): void {
  const files = new Map<string, Buffer>();
  // Health for who asks, and the details of errors so that tools can print them.
  const others = [file_grpc_health_v1_health, file_google_rpc_error_details];
  for (const file of [...services.map(({ desc }) => desc.file), ...others]) collect(file, files);
  // A package definition as proto-loader would make it, but from our own descriptors: its own lose types of other
  // packages and maps. Only the descriptors are looked at, so any kind of definition carries them.
  const fileDescriptorProtos = [...files.values()];
  const florin = { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos } as const;
  new ReflectionService({ florin }).addToServer(server);
}

/** A file and all that it imports. */
function collect(file: DescFile, into: Map<string, Buffer>): void {
  if (into.has(file.proto.name)) return;
  into.set(file.proto.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
  for (const imported of file.dependencies) collect(imported, into);
}
