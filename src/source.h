/*-------------------------------------------------------------------------
 *
 * source.h
 *	  Servers that are sources of a portal: what those need that speak to the
 *	  portal themselves, or to the connector.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_SOURCE_H
#define BICONNECTOR_SOURCE_H

#include "portal.h"

extern PortalOptions *source_portal(const ConnectorOptions *options);

#endif							/* BICONNECTOR_SOURCE_H */
